import type { Argv, Options } from 'yargs'
import { ConfigError } from '../../src/errors.ts'
import type { Strand } from '../../src/genome.ts'
import { localPath } from '../../src/io/bytes/local-path.ts'
import { type OutputFormat, outputFormats } from '../../src/io/output/formats.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import type { PredictRequest } from '../run/request.ts'
import { parseBases, parseBytes, parseFraction, parseWhole } from './values.ts'

/** What a user asked of the command `predict`. */
export interface PredictArguments extends PredictRequest {
  readonly dryRun: boolean
  readonly quiet: boolean
  readonly json: boolean
  readonly debug: boolean
}

const text = (describe: string, more: Options = {}): Options => ({
  type: 'string',
  requiresArg: true,
  describe,
  ...more,
})
const group = (name: string, options: Record<string, Options>): Record<string, Options> =>
  Object.fromEntries(Object.entries(options).map(([key, option]) => [key, { ...option, group: `${name}:` }]))

export const logOptions = group('Messages', {
  quiet: { type: 'boolean', describe: 'Say nothing but errors' },
  json: { type: 'boolean', describe: 'Messages as JSON, an object a line, the last a summary' },
  debug: { type: 'boolean', describe: 'Show where an error came from' },
})

/** Options that change the numbers or the rows; other commands take them too. */
export const runOptions = {
  ...group('What is predicted', {
    model: text(
      "A shipped model's name, a Hugging Face repo id, a folder, or a .safetensors, .pt or .ckpt file; several are an ensemble",
      { alias: 'm' },
    ),
    region: text('Region text such as chr20:1,001-2,000 (1-based, inclusive) or a contig; repeatable'),
    regions: text('BED file; column 4 names the region, column 6 its strand'),
    strand: text("Strand to run; results stand at forward coordinates (default: +, or the BED's)", {
      choices: ['+', '-', 'both'],
    }),
    context: text(
      'Real sequence on each side of a region: a number of bases, full or none (default: full where the receptive field is at most 100 kb)',
    ),
    tracks: text("Tracks to write, comma-separated (default: the model's)"),
    'filter-length': text("Cut each long filter to this many taps (default: the model's own)"),
    'frequency-sparsity': text("Fraction of the filters' spectrum blocks left out, 0 to 0.95"),
  }),
  ...group('How it is computed', {
    device: text('Where to compute; auto takes a real GPU, else the CPU', { choices: ['auto', 'gpu', 'cpu'] }),
    precision: text('f32, or f16 storage and matrix units on GPUs that have them (default: f32)', {
      choices: ['f32', 'f16'],
    }),
    chunk: text('Bases computed at a time, e.g. 100k; never changes the result (default: from --memory)'),
    memory: text('Memory to stay within, e.g. 4G (default: half of what is free)'),
    threads: text('CPU workers (default: all cores)'),
  }),
} as const

const outputOptions = group('Output', {
  output: text('File to write; - is standard output (default: <input>.<model>.arrow here)', { alias: 'o' }),
  format: text("Format (default: from the output's extension)", { choices: Object.keys(outputFormats) }),
  resume: { type: 'boolean', describe: 'Go on where an interrupted run with the same inputs and options stopped' },
  'dry-run': { type: 'boolean', describe: 'Print the plan and stop' },
})

export function predictBuilder(yargs: Argv): Argv {
  return yargs
    .positional('fasta', {
      type: 'string',
      array: true,
      describe: 'FASTA files: plain, gzip or BGZF; - is standard input; http(s) URLs',
      demandOption: true,
    })
    .options({ ...runOptions, ...outputOptions, ...logOptions })
    .example('$0 predict gene.fa', 'every record, to gene.<model>.arrow')
    .example('$0 predict genome.fa.gz --regions genes.bed -o out.arrow', 'genes, each on its own strand')
    .example(
      '$0 predict chr20.fa.gz --region 20:13,976,161-16,033,842 --tracks donor -o donor.bedgraph',
      'one region, one track, as bedGraph',
    )
    .example('$0 predict genome.fa.gz --resume', 'goes on where it was interrupted; the result is the same to the byte')
    .example('$0 predict - < gene.fa > out.arrows', 'from standard input to an Arrow stream')
    .example('$0 predict gene.fa -m model_1.pt -m model_2.pt --dry-run', 'the plan for an ensemble of two')
}

/** ConfigError for any value that cannot be. */
export function parsePredictArguments(argv: Readonly<Record<string, unknown>>): PredictArguments {
  const all = (name: string): string[] => (argv[name] === undefined ? [] : [argv[name]].flat().map(String))
  const one = (name: string): string | undefined => {
    const values = all(name)
    if (values.length > 1)
      throw new ConfigError({ where: `--${name}`, what: 'given twice', expected: 'once', got: values.join(' and ') })
    return values[0]
  }
  const parsed = <T>(name: string, parse: (option: string, value: string) => T): T | undefined => {
    const value = one(name)
    return value === undefined ? undefined : parse(`--${name}`, value)
  }
  const inputs = all('fasta').map(localPath)
  if (inputs.filter((input) => input === '-').length > 1)
    throw new ConfigError({ where: '-', what: 'standard input is given twice', expected: 'once' })
  const bedFiles = all('regions').map(localPath)
  if (inputs.includes('-') && bedFiles.includes('-')) {
    throw new ConfigError({
      where: '--regions',
      what: 'standard input cannot be both FASTA and BED',
      remedy: 'give a file for one of them',
    })
  }
  return {
    inputs,
    models: all('model').map(localPath),
    output: parsed('output', (_, value) => localPath(value)),
    format: one('format') as OutputFormat | undefined,
    regionTexts: all('region'),
    bedFiles,
    strand: one('strand') as Strand | 'both' | undefined,
    context: parsed('context', (option, value) =>
      value === 'full' || value === 'none' ? value : value === '0' ? 0 : parseBases(option, value),
    ),
    tracks: parsed('tracks', (_, value) =>
      value
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
    device: (one('device') ?? 'auto') as 'auto' | 'gpu' | 'cpu',
    filterLength: parsed('filter-length', (option, value) => parseBases(option, value)),
    frequencySparsity: parsed('frequency-sparsity', (option, value) => parseFraction(option, value, 0.95)) ?? 0,
    precision: (one('precision') ?? 'f32') as Precision,
    chunk: parsed('chunk', parseBases),
    memory: parsed('memory', parseBytes),
    threads: parsed('threads', (option, value) => parseWhole(option, value, 1)),
    resume: argv['resume'] === true,
    dryRun: argv['dry-run'] === true,
    quiet: argv['quiet'] === true,
    json: argv['json'] === true,
    debug: argv['debug'] === true,
  }
}
