import type { PredictionBatch } from '../../genome.ts'
import type { ByteSink } from '../bytes/sink.ts'
import type { OutputFormat } from './formats.ts'
import type { OutputLayout } from './output-layout.ts'
import { writePredictions } from './write-predictions.ts'

/** `tracks` default to those of the first batch. */
export type WriteOptions = Partial<OutputLayout>

export interface WriteArrowOptions extends WriteOptions {
  /** `file` (default) or `stream`. */
  readonly format?: 'file' | 'stream'
}

/** Predictions, in order, as `predict` gives them. */
type Batches = AsyncIterable<PredictionBatch>

/**
 * Writes predictions as Arrow: columns contig, position (0-based), base, (region,) and a float32 column a track.
 *
 * @param output a file's name, which appears only when it is complete, or a sink
 * @throws ConfigError, FormatError, LimitError where the file cannot be written; what `batches` throws passes through
 */
export const writeArrow = (
  batches: Batches,
  output: string | ByteSink,
  options: WriteArrowOptions = {},
): Promise<void> => writeAs(options.format === 'stream' ? 'arrows' : 'arrow', batches, output, options)

/**
 * Writes predictions as Parquet: the columns and metadata of Arrow, null where there is no value. `output` and errors as in
 * `writeArrow`.
 */
export const writeParquet = (batches: Batches, output: string | ByteSink, options: WriteOptions = {}): Promise<void> =>
  writeAs('parquet', batches, output, options)

/**
 * Writes predictions as tab-separated text with a header line: the columns of Arrow, `NA` where there is no value.
 * `output` and errors as in `writeArrow`.
 */
export const writeTsv = (batches: Batches, output: string | ByteSink, options: WriteOptions = {}): Promise<void> =>
  writeAs('tsv', batches, output, options)

/**
 * Writes predictions as bedGraph: contig, start, end (0-based, half-open), value; several tracks are sections one after
 * the other. Regions must not overlap. `output` and errors as in `writeArrow`.
 */
export const writeBedGraph = (batches: Batches, output: string | ByteSink, options: WriteOptions = {}): Promise<void> =>
  writeAs('bedgraph', batches, output, options)

async function writeAs(
  format: OutputFormat,
  batches: Batches,
  output: string | ByteSink,
  options: WriteOptions,
): Promise<void> {
  const iterator = batches[Symbol.asyncIterator]()
  const first = await iterator.next()
  const all = async function* (): AsyncGenerator<PredictionBatch> {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  const tracks = options.tracks ?? (first.done ? [] : Object.keys(first.value.tracks))
  // Loaded only here, so that a browser can write to a sink.
  const sink =
    typeof output === 'string' ? await (await import('../bytes/atomic-output.ts')).openAtomicOutput(output) : output
  await writePredictions(all(), format, sink, { ...options, tracks })
}
