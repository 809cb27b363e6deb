import type { OutputFormat } from '../../src/io/output/formats.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import { mergeShards, planShards, runShard } from '../shards.ts'
import type { Environment } from './environment.ts'
import { parseMachineOptions, parsePredictArguments } from './predict-arguments.ts'
import { parseWhole } from './values.ts'
import { type Argv, Words } from './words.ts'

/** `genoconv shard plan`. */
export async function plan(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const { output = '', ...args } = parsePredictArguments(argv)
  const count = parseWhole('--shards', words.needed('shards'), 1)
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

/** `genoconv shard run`. */
export async function run(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const { device, threads, memory } = parseMachineOptions(words)
  const id = parseWhole('shard', words.needed('id'), 0)
  const { path, sidecar, wasThere } = await runShard(words.needed('manifest'), id, {
    device,
    threads,
    memory,
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

/** `genoconv shard merge`. */
export async function merge(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const startTime = performance.now()
  const output = words.needed('output')
  const format = words.one('format') as OutputFormat | undefined
  const { manifest, device: on } = await mergeShards(words.needed('manifest'), {
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
