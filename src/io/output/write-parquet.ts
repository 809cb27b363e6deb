import type { RecordBatch, Vector } from './arrow.ts'
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import type { PredictionBatch } from '../../genome.ts'
import { ArrowRows, arrowSchema } from './arrow-rows.ts'
import type { OutputLayout } from './output-layout.ts'
import { encodeArrowStream } from './write-arrow.ts'

const mostInt32 = 2 ** 31 - 1

/**
 * Parquet: the columns of Arrow, a row group for each record batch that an Arrow file would have. The statistics of its
 * contigs and positions lead a reader to the row groups of a region. Strings are in dictionaries, positions stand as
 * differences, values as they are; null where there is none. The Arrow schema goes along as pyarrow writes it, metadata
 * included, so that columns come back with their Arrow types.
 */
export async function* encodeParquet(
  batches: AsyncIterable<PredictionBatch>,
  layout: OutputLayout,
): AsyncGenerator<Uint8Array[]> {
  const rows = new ArrowRows(arrowSchema(layout), layout)
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema: parquetSchema(layout),
    statisticsTruncateLength: Number.POSITIVE_INFINITY, // whole names
    createdBy: 'genoconv',
  })
  const add = (batch: RecordBatch): Uint8Array[] => {
    void file.write({ columnData: columnsOf(batch, layout), rowGroupSize: batch.numRows, pageSize: 0 })
    return drain(writer)
  }
  for await (const batch of batches) for (const full of rows.add(batch)) yield add(full)
  const last = rows.flush()
  if (last) yield add(last)
  const metadata = new Map([...(layout.metadata?.() ?? []), ['ARROW:schema', await arrowSchemaText(layout)]])
  file.kvMetadata = [...metadata].map(([key, value]) => ({ key, value }))
  void file.finish()
  yield drain(writer)
}

/** The bytes written since the last call; the writer's memory is used again. */
export function drain(writer: ByteWriter): Uint8Array[] {
  const bytes = writer.getBytes().slice()
  writer.index = 0
  return [bytes]
}

/** A column of strings. */
export const textElement = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
  repetition_type: 'REQUIRED',
})

function parquetSchema(layout: OutputLayout): SchemaElement[] {
  const columns: SchemaElement[] = [
    textElement('contig'),
    {
      name: 'position',
      type: 'INT32',
      converted_type: 'UINT_32',
      repetition_type: 'REQUIRED',
    },
    textElement('base'),
    ...(layout.regions ? [textElement('region')] : []),
    ...layout.tracks.map((name): SchemaElement => ({ name, type: 'FLOAT', repetition_type: 'OPTIONAL' })),
  ]
  return [{ name: 'schema', num_children: columns.length }, ...columns]
}

function columnsOf(batch: RecordBatch, layout: OutputLayout): ColumnSource[] {
  const { numRows } = batch
  const column = (name: string) => batch.getChild(name)!.data[0]
  const text = (name: string): ColumnSource => {
    const { values, dictionary } = column(name)
    const names = [...(dictionary as Vector)] as string[]
    const data = Array.from({ length: numRows }, (_, i) => names[values[i]])
    return { name, data, encoding: 'RLE_DICTIONARY' }
  }
  const position = column('position').values as Uint32Array
  // The library takes an array of numbers up to uint32, a typed one only up to int32.
  const isLarge = position.some((value) => value > mostInt32)
  return [
    text('contig'),
    { name: 'position', data: isLarge ? Array.from(position) : position, encoding: 'DELTA_BINARY_PACKED' },
    text('base'),
    ...(layout.regions ? [text('region')] : []),
    ...layout.tracks.map((name): ColumnSource => {
      const { values, nullCount } = column(name) as { values: Float32Array; nullCount: number }
      const data = nullCount > 0 ? Array.from(values, (value) => (Number.isNaN(value) ? null : value)) : values
      return { name, data, encoding: 'PLAIN', codec: 'UNCOMPRESSED' }
    }),
  ]
}

/** Base64 of the message with which an Arrow stream of these columns begins. */
async function arrowSchemaText(layout: OutputLayout): Promise<string> {
  const noBatches = async function* (): AsyncGenerator<PredictionBatch> {}
  for await (const pieces of encodeArrowStream(noBatches(), layout))
    return btoa(pieces.flatMap((piece) => Array.from(piece, (byte) => String.fromCharCode(byte))).join(''))
  return ''
}
