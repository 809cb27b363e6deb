import { ConfigError } from '../../errors.ts'
import type { EmbeddingBatch } from '../../genome.ts'
import { readAhead } from '../../streams.ts'
import type { ByteSink } from '../bytes/sink.ts'
import type { DoneOutput } from './done-output.ts'
import { baseEmbeddings, type EmbeddingLayout, regionEmbeddings } from './embedding-rows.ts'
import { type EmbeddingFormat, embeddingFormats, isEmbeddingFormat } from './formats.ts'
import { encodeArrowFile, encodeArrowStream } from './write-arrow.ts'
import { writeEncoded } from './write-encoded.ts'

/** One row per region, or one row per base. */
export type EmbeddingRowsOf = 'regions' | 'bases'

/**
 * Writes embeddings to `sink` and makes the output visible; on any failure, an abort too, leaves nothing. With `done`,
 * `batches` begin after the rows that `sink` has.
 */
export async function encodeEmbeddings(
  batches: AsyncIterable<EmbeddingBatch>,
  { format, rowsOf }: { readonly format: EmbeddingFormat; readonly rowsOf: EmbeddingRowsOf },
  sink: ByteSink,
  layout: EmbeddingLayout,
  done?: DoneOutput,
): Promise<void> {
  const kind = rowsOf === 'regions' ? regionEmbeddings : baseEmbeddings
  const source = readAhead(batches, 1)
  const pieces = {
    arrow: () => encodeArrowFile(kind, source, layout, done),
    arrows: () => encodeArrowStream(kind, source, layout, done),
    async *parquet() {
      yield* (await import('./write-parquet.ts')).encodeParquet(kind, source, layout) // loaded when it is wanted
    },
  }[format]()
  await writeEncoded(pieces, sink)
}

export interface WriteEmbeddingsOptions extends Partial<EmbeddingLayout> {
  /** Default: `arrow`. */
  readonly format?: EmbeddingFormat
}

/**
 * Writes embeddings, in order, as `embed` gives them: columns contig, start, end, region or, with one a base, contig,
 * position, base, (region); and `embedding`, a fixed-size list of float32.
 *
 * @param output a file's name, which appears only when it is complete, or a sink
 * @throws ConfigError, FormatError, LimitError where the file cannot be written; what `batches` throws passes through
 */
export async function writeEmbeddings(
  batches: AsyncIterable<EmbeddingBatch>,
  output: string | ByteSink,
  { format = 'arrow', ...layout }: WriteEmbeddingsOptions = {},
): Promise<void> {
  if (!isEmbeddingFormat(format))
    throw new ConfigError({
      option: 'format',
      what: 'has no lists',
      expected: embeddingFormats.join(', '),
      got: format,
    })
  const iterator = batches[Symbol.asyncIterator]()
  const first = await iterator.next()
  const all = async function* (): AsyncGenerator<EmbeddingBatch> {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  const { channelCount = 0, bases } = first.done ? {} : (first.value as EmbeddingBatch)
  // Loaded only here, so that a browser can write to a sink.
  const sink =
    typeof output === 'string' ? await (await import('../bytes/atomic-output.ts')).openAtomicOutput(output) : output
  const rowsOf = bases ? 'bases' : 'regions'
  await encodeEmbeddings(all(), { format, rowsOf }, sink, { channelCount, ...layout })
}
