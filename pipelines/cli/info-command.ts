import type { Argv, CommandModule } from 'yargs'
import type { OutputInfo } from '../../src/io/output/output-info.ts'
import { showBytes, showCount } from '../run/show.ts'
import { logOptions } from './options.ts'
import { print, printJson } from './print.ts'

/** `genoconv info`: how an output was made, from its own metadata. */
export const infoCommand = (): CommandModule => ({
  command: 'info <output>',
  describe: 'How a file of predictions was made',
  builder: (yargs: Argv) =>
    yargs
      .positional('output', {
        type: 'string',
        demandOption: true,
        describe: 'Arrow file or stream, or Parquet file, that predict or shard merge wrote',
      })
      .options({ json: { ...logOptions['json'], describe: 'As JSON, one object' }, debug: logOptions['debug'] })
      .example('$0 info out.arrow', 'model, device, inputs with SHA-256, and the command that repeats the run')
      .example('$0 info out.arrow --json | jq -r .made.run.command', 'the command alone'),
  handler: async (argv) => {
    const { readOutputInfo } = await import('../../src/io/output/output-info.ts')
    const path = String(argv['output'])
    const info = await readOutputInfo(path)
    await (argv['json'] === true ? printJson({ event: 'info', path, ...info }) : print(describeInfo(path, info)))
  },
})

interface Made {
  readonly run?: { command: string; node: string; chunkBases: number; plan: readonly string[]; calibration: string }
  readonly input?: {
    files: readonly { name: string; bytes: number | null; sha256?: string | null; sha256Of?: string | null }[]
    contigs: readonly unknown[]
  }
  readonly regions?: { count: number; sha256: string; files: readonly { name: string; sha256: string }[] } | null
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

const formatWords = { arrow: 'Arrow file', arrows: 'Arrow stream', parquet: 'Parquet file' } as const

/** A line a fact. What an older version did not write is left out. */
function describeInfo(path: string, { format, bytes, rows, columns, made }: OutputInfo): string {
  const { run, input, regions, parameters, version, model, model_sha256: modelHash, device } = made as Made
  const facts: [string, string][] = [
    ['file', `${path}: ${formatWords[format]}, ${showBytes(bytes)}, ${showCount(rows)} rows`],
    ['columns', columns.map(({ name }) => name).join(', ')],
    ['genoconv', `${version}${run ? ` on Node ${run.node}` : ''}`],
    ['model', `${model} (SHA-256 ${modelHash})`],
    ['device', String(device)],
  ]
  if (run) facts.push(['command', run.command])
  for (const { name, bytes: size, sha256, sha256Of } of input?.files ?? []) {
    const hash = sha256 ? `SHA-256 of its ${sha256Of} ${sha256}` : 'no hash (a stream)'
    facts.push(['input', `${name}: ${size === null ? 'size not known' : `${showCount(size)} bytes`}, ${hash}`])
  }
  if (input) facts.push(['contigs', showCount(input.contigs.length)])
  if (regions) facts.push(['regions', `${showCount(regions.count)} (SHA-256 ${regions.sha256})`])
  for (const { name, sha256 } of regions?.files ?? []) facts.push(['', `${name} (SHA-256 ${sha256})`])
  const shown = Object.entries(parameters ?? {}).filter(([, value]) => value !== null)
  if (shown.length > 0) facts.push(['parameters', shown.map(([name, value]) => `${name} ${value}`).join(', ')])
  if (run) {
    facts.push(['chunk', `${showCount(run.chunkBases)} bases`])
    for (const line of run.plan) facts.push(['plan', line])
    facts.push(['calibration', run.calibration === 'package' ? "the package's" : `SHA-256 ${run.calibration}`])
  }
  return facts.map(([name, fact]) => `${(name && `${name}:`).padEnd(13)}${fact}\n`).join('')
}
