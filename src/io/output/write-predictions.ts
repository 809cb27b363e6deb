import type { PredictionBatch } from '../../genome.ts'
import { readAhead } from '../../streams.ts'
import { predictionRows } from './arrow-rows.ts'
import type { DoneOutput } from './done-output.ts'
import type { OneFileFormat } from './formats.ts'
import type { Encoder, OutputLayout } from './output-layout.ts'
import type { ByteSink } from '../bytes/sink.ts'
import { encodeArrowFile, encodeArrowStream } from './write-arrow.ts'
import { encodeBedgraph } from './write-bedgraph.ts'
import { writeEncoded } from './write-encoded.ts'
import { encodeTsv } from './write-tsv.ts'

const encoders: Readonly<Record<OneFileFormat, Encoder>> = {
  arrow: (batches, layout, done) => encodeArrowFile(predictionRows, batches, layout, done),
  arrows: (batches, layout, done) => encodeArrowStream(predictionRows, batches, layout, done),
  async *parquet(batches, layout) {
    yield* (await import('./write-parquet.ts')).encodeParquet(predictionRows, batches, layout) // loaded when it is wanted
  },
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
  format: OneFileFormat,
  sink: ByteSink,
  layout: OutputLayout,
  done?: DoneOutput,
): Promise<void> {
  await writeEncoded(encoders[format](readAhead(batches, 1), layout, done), sink)
}
