import { FormatError } from '../../errors.ts'
import type { RecordBatch } from './arrow.ts'
import { openArrow } from './open-arrow.ts'
import { type TableColumn, type TableRow, tableSchema } from './table.ts'

export interface TableFile {
  /** Schema metadata. */
  readonly metadata: ReadonlyMap<string, string>
  /** In the order of the file, a record batch at a time. */
  rows(): AsyncGenerator<TableRow[]>
  close(): Promise<void>
}

/**
 * Opens an Arrow file that `encodeArrowTable` wrote with `columns`, to read its rows back bit for bit.
 *
 * @throws FormatError where it is missing, cut short, or has other columns
 */
export async function openTable(path: string, columns: readonly TableColumn[]): Promise<TableFile> {
  const file = await openArrow(path)
  const { schema } = file
  const shape = ({ fields }: typeof schema): string =>
    fields.map(({ name, type, nullable }) => `${name} ${type}${nullable ? ' or null' : ''}`).join(', ')
  const expected = shape(tableSchema({ columns }))
  if (shape(schema) !== expected) {
    await file.close()
    throw new FormatError({ where: path, what: 'has other columns', expected, got: shape(schema) || 'none' })
  }
  return {
    metadata: schema.metadata,
    async *rows() {
      for (let i = 0; i < file.batchCount; i++) yield rowsOf(await file.read(i), columns)
    },
    close: () => file.close(),
  }
}

function rowsOf(batch: RecordBatch, columns: readonly TableColumn[]): TableRow[] {
  const vectors = columns.map(({ name }) => batch.getChild(name)!)
  return Array.from({ length: batch.numRows }, (_, row) =>
    vectors.map((vector): string | number | undefined => vector.get(row) ?? undefined),
  )
}
