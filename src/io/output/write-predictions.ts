import type { PredictionBatch } from '../../genome.ts'
import { readAhead } from '../../streams.ts'
import type { DoneOutput } from './done-output.ts'
import type { OutputFormat } from './formats.ts'
import type { Encoder, OutputLayout } from './output-layout.ts'
import type { ByteSink } from '../bytes/sink.ts'
import { encodeArrowFile, encodeArrowStream } from './write-arrow.ts'
import { encodeBedgraph } from './write-bedgraph.ts'
import { encodeTsv } from './write-tsv.ts'

const encoders: Readonly<Record<OutputFormat, Encoder>> = {
  arrow: encodeArrowFile,
  arrows: encodeArrowStream,
  tsv: encodeTsv,
  bedgraph: encodeBedgraph,
}

/**
 * Writes `batches` to `sink` and makes the output visible; on any failure, an abort too, leaves nothing.
 * With `done`, `batches` begin behind the rows that `sink` has. The next piece is encoded while one is being written; the next
 * batch is computed while both happen.
 */
export async function writePredictions(
  batches: AsyncIterable<PredictionBatch>,
  format: OutputFormat,
  sink: ByteSink,
  layout: OutputLayout,
  done?: DoneOutput,
): Promise<void> {
  const encode = encoders[format]
  try {
    let written: Promise<void> = Promise.resolve()
    for await (const chunks of encode(readAhead(batches, 1), layout, done)) {
      await written
      written = sink.write(chunks)
      written.catch(() => {}) // reported when it is awaited
    }
    await written
    await sink.finish()
  } catch (error) {
    await sink.abort()
    throw error
  }
}

export interface WriteArrowOptions extends Partial<OutputLayout> {
  /** `file` (default) or `stream`. */
  readonly format?: 'file' | 'stream'
}

/**
 * Writes predictions as Arrow: columns contig, position, base, (region,) tracks. `output` is a file's name, which appears
 * only when it is complete, or a sink. Tracks default to those of the first batch.
 */
export async function writeArrow(
  batches: AsyncIterable<PredictionBatch>,
  output: string | ByteSink,
  options: WriteArrowOptions = {},
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
  // Only here, so that a browser can write to a sink.
  const sink =
    typeof output === 'string' ? await (await import('../bytes/atomic-output.ts')).openAtomicOutput(output) : output
  await writePredictions(all(), options.format === 'stream' ? 'arrows' : 'arrow', sink, { ...options, tracks })
}
