import type { PredictionBatch } from '../../genome.ts'
import { readAhead } from '../../streams.ts'
import type { DoneOutput } from './done-output.ts'
import type { OutputFormat } from './formats.ts'
import type { Encoder, OutputLayout } from './output-layout.ts'
import type { ByteSink } from '../bytes/sink.ts'
import { encodeArrowFile, encodeArrowStream } from './write-arrow.ts'
import { encodeBedgraph } from './write-bedgraph.ts'
import { encodeParquet } from './write-parquet.ts'
import { encodeTsv } from './write-tsv.ts'

const encoders: Readonly<Record<OutputFormat, Encoder>> = {
  arrow: encodeArrowFile,
  arrows: encodeArrowStream,
  parquet: encodeParquet,
  tsv: encodeTsv,
  bedgraph: encodeBedgraph,
}

/**
 * Writes `batches` to `sink` and makes the output visible; on any failure, an abort too, leaves nothing.
 * With `done`, `batches` begin after the rows that `sink` has. The next piece is encoded while one is being written; the next
 * batch is computed while both happen.
 */
export async function writePredictions(
  batches: AsyncIterable<PredictionBatch>,
  format: OutputFormat,
  sink: ByteSink,
  layout: OutputLayout,
  done?: DoneOutput,
): Promise<void> {
  await writeEncoded(encoders[format](readAhead(batches, 1), layout, done), sink)
}

/** Writes pieces that a format's encoder gives, in the same way. */
export async function writeEncoded(encoded: AsyncIterable<Uint8Array[]>, sink: ByteSink): Promise<void> {
  try {
    let written: Promise<void> = Promise.resolve()
    for await (const chunks of encoded) {
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
