import type { RecordBatch, Vector } from './arrow.ts'
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import { type TableColumn, type TableLayout, TableRows, tableSchema } from './table.ts'
import { drain, textElement } from './write-parquet.ts'
import type { RowSource } from './write-table.ts'

const parquetRows = 65_536

/** Parquet, a row group for each 65,536 rows. */
export async function* encodeParquetTable(rows: RowSource, layout: TableLayout): AsyncGenerator<Uint8Array[]> {
  const table = new TableRows(tableSchema(layout), layout, parquetRows)
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'schema', num_children: layout.columns.length }, ...layout.columns.map(elementOf)],
    createdBy: 'genoconv',
  })
  const add = (batch: RecordBatch): Uint8Array[] => {
    const columnData = layout.columns.map((column) => columnOf(batch, column))
    void file.write({ columnData, rowGroupSize: batch.numRows, pageSize: 0 })
    return drain(writer)
  }
  for await (const some of rows) {
    for (const row of some) {
      const full = table.add(row)
      if (full) yield add(full)
    }
  }
  const last = table.flush()
  if (last) yield add(last)
  file.kvMetadata = [...(layout.metadata?.() ?? [])].map(([key, value]) => ({ key, value }))
  void file.finish()
  yield drain(writer)
}

function elementOf({ name, type, isNullable }: TableColumn): SchemaElement {
  const repetition_type = isNullable ? 'OPTIONAL' : 'REQUIRED'
  if (type === 'name' || type === 'text') return { ...textElement(name), repetition_type }
  if (type === 'float32') return { name, type: 'FLOAT', repetition_type }
  return { name, type: 'INT32', ...(type === 'uint32' ? { converted_type: 'UINT_32' } : {}), repetition_type }
}

function columnOf(batch: RecordBatch, { name, type }: TableColumn): ColumnSource {
  const data = [...(batch.getChild(name) as Vector)]
  if (type === 'name') return { name, data, encoding: 'RLE_DICTIONARY' }
  return type === 'float32' ? { name, data, encoding: 'PLAIN', codec: 'UNCOMPRESSED' } : { name, data }
}
