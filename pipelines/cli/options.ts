import type { Options } from 'yargs'
import { embeddingFormats, outputFormats } from '../../src/io/output/formats.ts'
import { pools } from '../embed/pool.ts'

/** An option with a text value. */
export const text = (describe: string, more: Options = {}): Options => ({
  type: 'string',
  requiresArg: true,
  describe,
  ...more,
})

export const group = (name: string, options: Record<string, Options>): Record<string, Options> =>
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
      "A shipped model's name, a Hugging Face repo id, a folder, or a .safetensors, .pt, .ckpt or .h5 file; several are an ensemble",
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

export const formatOption = text("Format (default: from the output's extension)", {
  choices: Object.keys(outputFormats),
})

export const predictOptions = {
  ...runOptions,
  ...group('Output', {
    output: text('File to write; - is standard output (default: <input>.<model>.arrow here)', { alias: 'o' }),
    format: formatOption,
    resume: { type: 'boolean', describe: 'Continue an interrupted run with the same inputs and options' },
    'dry-run': { type: 'boolean', describe: 'Print the plan and stop' },
  }),
  ...logOptions,
}

/** What is read of a model in place of tracks. */
export const embeddingOptions = group('What is read', {
  pool: text('Over the bases of each region or record; none: one row per base (default: mean)', {
    choices: [...pools],
  }),
  layer: text('-1: the state before the head, after the last norm; 0: the embedding; i: after layer i (default: -1)'),
})

const { tracks: _, ...runOptionsOfEmbed } = runOptions

export const embedOptions = {
  ...runOptionsOfEmbed,
  ...embeddingOptions,
  ...group('Output', {
    output: text('File to write; - is standard output (default: <input>.<model>.embeddings.arrow here)', {
      alias: 'o',
    }),
    format: text("Format (default: from the output's extension)", { choices: [...embeddingFormats] }),
    resume: { type: 'boolean', describe: 'Continue an interrupted run with the same inputs and options' },
    'dry-run': { type: 'boolean', describe: 'Print the plan and stop' },
  }),
  ...logOptions,
}
