import { checkHead, type DoneOutput } from './done-output.ts'
import { type TableLayout, type TableRow, TableRows, tableSchema } from './table.ts'
import { DrainedQueue, FileWriter } from './write-arrow.ts'

/** Few, as rows that took long to compute are kept by an interrupted run only in whole record batches. */
const arrowRows = 2048

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
