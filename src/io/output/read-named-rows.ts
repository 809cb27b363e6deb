import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { FormatError } from '../../errors.ts'
import { type AsyncRecordBatchFileReader, RecordBatchReader } from './arrow.ts'
import { readAt } from './done-output.ts'

/** Values by column; null, or no number, where there is none. */
export type ReadRow = Readonly<Record<string, unknown>>

/**
 * The rows of a table that genoconv wrote, as TSV, Arrow or Parquet, told apart by its first bytes; undefined where it is none
 * of these with the columns `columns`.
 *
 * @throws FormatError where the file is missing or cut short
 */
export async function readNamedRows(
  path: string,
  columns: readonly string[],
): Promise<AsyncGenerator<ReadRow> | undefined> {
  const unreadable = (cause: NodeJS.ErrnoException): never => {
    const what = cause.code === 'ENOENT' ? 'no such file' : `cannot be read (${cause.code})`
    throw new FormatError({ where: path, what, cause })
  }
  // What a pipe gives is read once only.
  if (!(await stat(path).catch(unreadable)).isFile()) return undefined
  const handle = await open(path).catch(unreadable)
  const head = new TextDecoder('latin1').decode(await readAt(handle, 0, 4096))
  if (head.startsWith('ARROW1')) return named(path, 'Arrow', handle, arrowTable(handle))
  if (head.startsWith('PAR1')) return named(path, 'Parquet', handle, parquetTable(handle))
  await handle.close()
  const [line] = head.split('\n')
  const isTable = columns.every((name, c) => line.replace(/\r$/, '').split('\t')[c] === name)
  return isTable ? textRows(path) : undefined
}

/** Closes the file at the end, and says whose the faults are that a library finds. */
async function* named(
  path: string,
  format: string,
  handle: FileHandle,
  rows: AsyncGenerator<ReadRow>,
): AsyncGenerator<ReadRow> {
  try {
    yield* rows
  } catch (cause) {
    throw new FormatError({ where: path, what: `not a complete ${format} file`, remedy: 'write it again', cause })
  } finally {
    await handle.close()
  }
}

async function* arrowTable(handle: FileHandle): AsyncGenerator<ReadRow> {
  const reader = (await RecordBatchReader.from(handle)) as unknown as AsyncRecordBatchFileReader
  await reader.open()
  for (let block = 0; block < reader.numRecordBatches; block++) {
    const batch = await reader.readRecordBatch(block)
    if (!batch) throw new Error(`record batch ${block} is missing`)
    const columns = batch.schema.fields.map(({ name }, c) => [name, batch.getChildAt(c)!] as const)
    for (let row = 0; row < batch.numRows; row++)
      yield Object.fromEntries(columns.map(([name, column]) => [name, column.get(row)]))
  }
}

async function* parquetTable(handle: FileHandle): AsyncGenerator<ReadRow> {
  const byteLength = (await handle.stat()).size
  const file = {
    byteLength,
    slice: async (start: number, end = byteLength): Promise<ArrayBuffer> =>
      (await readAt(handle, start, end - start)).slice().buffer,
  }
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    yield* await parquetReadObjects({ file, metadata, rowStart, rowEnd })
    rowStart = rowEnd
  }
}

async function* textRows(path: string): AsyncGenerator<ReadRow> {
  let names: readonly string[] | undefined
  let lineNumber = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber++
    const values = line.split('\t')
    if (!names) names = values
    else if (values.length === names.length)
      yield Object.fromEntries(names.map((name, c) => [name, values[c] === 'NA' ? null : values[c]]))
    else if (line !== '')
      throw new FormatError({
        where: `${path} line ${lineNumber}`,
        what: 'wrong number of columns',
        expected: `${names.length}, as the header has`,
        got: String(values.length),
      })
  }
}
