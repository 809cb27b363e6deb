import type { RecordBatch, Vector } from './arrow.ts'
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import { checkHead, type DoneOutput } from './done-output.ts'
import { type TableColumn, type TableLayout, type TableRow, TableRows, tableSchema } from './table.ts'
import { DrainedQueue, FileWriter } from './write-arrow.ts'
import { drain, textElement } from './write-parquet.ts'

/** Few, as rows that took long to compute are kept by an interrupted run only in whole record batches. */
const arrowRows = 2048
const parquetRows = 65_536

/** Rows, in the order of the output, some at a time. */
export type RowSource = AsyncIterable<readonly TableRow[]>

/**
 * An Arrow IPC file; its dictionaries come last, as their names are known only then. `rows` begin at the first row whatever
 * is done; those of `done` are not written again, only their names are taken.
 */
export async function* encodeArrowTable(
  rows: RowSource,
  layout: TableLayout,
  done?: DoneOutput,
): AsyncGenerator<Uint8Array[]> {
  const schema = tableSchema(layout)
  const table = new TableRows(schema, layout, arrowRows)
  const writer = new FileWriter()
  const queue = new DrainedQueue()
  writer.reset(queue, schema)
  const head = queue.drain()
  if (done) {
    checkHead(head, done)
    writer.continueAfter(done)
  } else yield head
  let doneRows = done?.rows ?? 0
  for await (const some of rows) {
    for (const row of some) {
      if (doneRows > 0) {
        doneRows--
        table.know(row)
        continue
      }
      const full = table.add(row)
      if (!full) continue
      writer.write(full)
      yield queue.drain()
    }
  }
  const last = table.flush()
  if (last) writer.write(last)
  writer.writeDictionaries(table.dictionaries())
  writer.finish()
  yield queue.drain()
}

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
