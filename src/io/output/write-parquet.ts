import { type Data, DataType, type Field, type RecordBatch, type Vector } from './arrow.ts'
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import type { RowKind, RowLayout } from './record-rows.ts'
import { encodeArrowStream } from './write-arrow.ts'

const mostInt32 = 2 ** 31 - 1

/**
 * Parquet: the columns of Arrow, a row group for each record batch that an Arrow file would have. The statistics of its
 * contigs and positions lead a reader to the row groups of a region. Strings are in dictionaries where Arrow has them there,
 * positions stand as differences, values as they are; null where there is none; lists of a fixed size are lists. The Arrow
 * schema goes along as pyarrow writes it, metadata included, so that columns come back with their Arrow types.
 */
export async function* encodeParquet<
  B,
  L extends RowLayout & { readonly metadata?: () => ReadonlyMap<string, string> },
>(kind: RowKind<B, L>, batches: AsyncIterable<B>, layout: L): AsyncGenerator<Uint8Array[]> {
  const schema = kind.schema(layout)
  const rows = kind.open(schema, layout)
  const writer = new ByteWriter()
  const elements = schema.fields.flatMap(elementsOf)
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'schema', num_children: schema.fields.length }, ...elements],
    statisticsTruncateLength: Number.POSITIVE_INFINITY, // whole names
    createdBy: 'genoconv',
  })
  const add = (batch: RecordBatch): Uint8Array[] => {
    const columnData = schema.fields.map((field) => columnOf(field, batch.getChild(field.name)!.data[0], batch.numRows))
    void file.write({ columnData, rowGroupSize: batch.numRows, pageSize: 0 })
    return drain(writer)
  }
  for await (const batch of batches) for (const full of rows.add(batch)) yield add(full)
  const last = rows.flush()
  if (last) yield add(last)
  const metadata = new Map([...(layout.metadata?.() ?? []), ['ARROW:schema', await arrowSchemaText(kind, layout)]])
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

/** How a column of Arrow stands in Parquet. */
function elementsOf({ name, type, nullable }: Field): SchemaElement[] {
  const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED'
  if (DataType.isFloat(type)) return [{ name, type: 'FLOAT', repetition_type }]
  if (DataType.isInt(type)) return [{ name, type: 'INT32', converted_type: 'UINT_32', repetition_type }]
  if (DataType.isFixedSizeList(type)) {
    const list: SchemaElement = { name, converted_type: 'LIST', logical_type: { type: 'LIST' }, repetition_type }
    const [item] = elementsOf(type.children[0])
    return [{ ...list, num_children: 1 }, { name: 'list', repetition_type: 'REPEATED', num_children: 1 }, item]
  }
  return [{ ...textElement(name), repetition_type }]
}

function columnOf({ name, type }: Field, column: Data, rowCount: number): ColumnSource {
  if (DataType.isDictionary(type)) {
    const names = [...(column.dictionary as Vector)] as string[]
    const data = Array.from({ length: rowCount }, (_, i) => names[column.values[i]])
    return { name, data, encoding: 'RLE_DICTIONARY' }
  }
  if (DataType.isUtf8(type)) return { name, data: textsOf(column, rowCount), encoding: 'PLAIN' }
  if (DataType.isInt(type)) {
    const values = column.values as Uint32Array
    // The library takes an array of numbers up to uint32, a typed one only up to int32.
    const isLarge = values.some((value) => value > mostInt32)
    return { name, data: isLarge ? Array.from(values) : values, encoding: 'DELTA_BINARY_PACKED' }
  }
  if (DataType.isFixedSizeList(type)) {
    const { values } = column.children[0] as { values: Float32Array }
    const row = (i: number): number[] => Array.from(values.subarray(i * type.listSize, (i + 1) * type.listSize))
    return { name, data: Array.from({ length: rowCount }, (_, i) => row(i)), encoding: 'PLAIN', codec: 'UNCOMPRESSED' }
  }
  const { values, nullCount } = column as { values: Float32Array; nullCount: number }
  const data = nullCount > 0 ? Array.from(values, (value) => (Number.isNaN(value) ? null : value)) : values
  return { name, data, encoding: 'PLAIN', codec: 'UNCOMPRESSED' }
}

function textsOf({ values, valueOffsets }: Data, rowCount: number): string[] {
  const decoder = new TextDecoder()
  const text = (i: number): string =>
    decoder.decode((values as Uint8Array).subarray(valueOffsets[i], valueOffsets[i + 1]))
  return Array.from({ length: rowCount }, (_, i) => text(i))
}

/** Base64 of the message with which an Arrow stream of these columns begins. */
async function arrowSchemaText<B, L extends RowLayout>(kind: RowKind<B, L>, layout: L): Promise<string> {
  const noBatches = async function* (): AsyncGenerator<B> {}
  for await (const pieces of encodeArrowStream(kind, noBatches(), layout))
    return btoa(pieces.flatMap((piece) => Array.from(piece, (byte) => String.fromCharCode(byte))).join(''))
  return ''
}
