import type { Argv, CommandModule } from 'yargs'
import { ConfigError } from '../../src/errors.ts'
import { outputFormats } from '../../src/io/output/formats.ts'
import type { Environment } from './environment.ts'
import { createLog } from './log.ts'
import { logOptions, parsePredictArguments, runOptions } from './predict-arguments.ts'
import { mergeShards, planShards, runShard } from '../shards.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import { parseWhole } from './values.ts'

const { device, memory, threads } = runOptions
const positional = { type: 'string', demandOption: true } as const
const text = { type: 'string', requiresArg: true, group: 'Output:' } as const
const output = { ...text, alias: 'o', demandOption: true } as const

export const shardCommand = ({ signal }: Environment): CommandModule => ({
  command: 'shard',
  describe: 'A genome cut into jobs for a cluster',
  builder: (yargs: Argv) =>
    yargs
      .command(
        'plan <fasta..>',
        'Cut a run of predict into shards, and write the manifest',
        (args) =>
          args.positional('fasta', { ...positional, array: true, describe: 'FASTA files: plain or BGZF' }).options({
            ...runOptions,
            shards: { ...text, demandOption: true, describe: 'How many' },
            output: { ...output, describe: 'Manifest to write, e.g. run/manifest.json' },
            ...logOptions,
          }),
        plan(signal),
      )
      .command(
        'run <manifest> <id>',
        'Compute one shard, unless it is there: any node, any order',
        (args) =>
          args
            .positional('manifest', { ...positional, describe: 'What plan wrote' })
            .positional('id', { ...positional, describe: 'Number of the shard, from 0' })
            .options({
              device,
              threads: { ...threads, describe: 'CPU workers (default: as planned; all shards must have the same)' },
              memory: {
                ...memory,
                describe: 'Memory this node can give; too little for the planned chunks is an error',
              },
              ...logOptions,
            }),
        run(signal),
      )
      .command(
        'merge <manifest>',
        'Check every shard and write one output',
        (args) =>
          args.positional('manifest', { ...positional, describe: 'What plan wrote' }).options({
            output: { ...output, describe: 'File to write; - is standard output' },
            format: {
              ...text,
              choices: Object.keys(outputFormats),
              describe: "Format (default: from the output's extension)",
            },
            ...logOptions,
          }),
        merge(signal),
      )
      .demandCommand(1, 'plan, run or merge?')
      .example(
        '$0 shard plan genome.fa.gz --regions genes.bed --model splice --shards 8 -o run/manifest.json',
        'eight jobs',
      )
      .example('$0 shard run run/manifest.json 3', 'writes run/shards/3.arrow')
      .example('$0 shard merge run/manifest.json -o out.arrow', 'the file that predict would have written'),
  handler: () => {},
})

type Handler = (argv: Readonly<Record<string, unknown>>) => Promise<void>

const plan =
  (signal: AbortSignal): Handler =>
  async (argv) => {
    const { output = '', ...args } = parsePredictArguments(argv)
    const log = createLog(args)
    const count = parseWhole('--shards', once(argv, 'shards'), 1)
    const { shards, options } = await planShards({ ...args, output, shards: count, signal, onWarning: log.warn })
    const rows = shards.reduce((sum, shard) => sum + shard.rows, 0)
    const mostBases = shards.reduce((most, { bases }) => Math.max(most, bases), 0)
    const allBases = shards.reduce((sum, { bases }) => sum + bases, 0)
    const emptyShards = shards.filter((shard) => shard.rows === 0).length
    const largestShare = mostBases / Math.max(1, allBases)
    const cut = `${showCount(rows)} bases in ${shards.length} shards${emptyShards > 0 ? `, ${emptyShards} of them empty` : ''}`
    const same = `the merge is that of predict --memory ${showMemory(options.memory)} --threads ${options.threads}`
    const summary = {
      bases: rows,
      shards: shards.length,
      emptyShards,
      largestShare,
      memory: options.memory,
      threads: options.threads,
      output,
    }
    log.done(`${cut}, the largest ${(100 * largestShare).toFixed(1)}% of the work; ${same}; wrote ${output}`, summary)
  }

const run =
  (signal: AbortSignal): Handler =>
  async (argv) => {
    const args = parsePredictArguments({ ...argv, fasta: [] })
    const log = createLog(args)
    const id = parseWhole('shard', once(argv, 'id'), 0)
    const { path, sidecar, wasThere } = await runShard(once(argv, 'manifest'), id, {
      device: args.device,
      threads: args.threads,
      memory: args.memory,
      signal,
      onWarning: log.warn,
      onInfo: log.info,
      onProgress: log.progress,
    })
    const { rows, seconds, device: on, sha256 } = sidecar
    const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
    const summary = {
      shard: id,
      bases: rows,
      seconds,
      basesPerSecond: rows / seconds,
      peakMemoryBytes,
      device: on,
      output: path,
      sha256,
      wasThere,
    }
    const speed = `${showCount(rows)} bases in ${showSeconds(seconds)} (peak memory ${showBytes(peakMemoryBytes)}); wrote ${path}`
    log.done(wasThere ? `shard ${id} is there and matches: ${path}` : speed, summary)
  }

const merge =
  (signal: AbortSignal): Handler =>
  async (argv) => {
    const startTime = performance.now()
    const args = parsePredictArguments({ ...argv, fasta: [] })
    const log = createLog(args)
    const { output = '', format } = args
    const { manifest, device: on } = await mergeShards(once(argv, 'manifest'), {
      output,
      format,
      signal,
      onProgress: log.progress,
    })
    const bases = manifest.shards.reduce((sum, { rows }) => sum + rows, 0)
    const seconds = (performance.now() - startTime) / 1000
    const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
    const speed = `${showCount(bases)} bases of ${manifest.shards.length} shards in ${showSeconds(seconds)} (peak memory ${showBytes(peakMemoryBytes)})`
    const summary = {
      bases,
      seconds,
      basesPerSecond: bases / seconds,
      peakMemoryBytes,
      device: on,
      output,
    }
    log.done(`${speed}; wrote ${output === '-' ? 'standard output' : output}`, summary)
  }

const showMemory = (bytes: number): string =>
  bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30}G` : `${Math.floor(bytes / 2 ** 20)}M`

function once(argv: Readonly<Record<string, unknown>>, name: string): string {
  const value = argv[name]
  if (Array.isArray(value))
    throw new ConfigError({ where: `--${name}`, what: 'given twice', expected: 'once', got: value.join(' and ') })
  return String(value)
}
