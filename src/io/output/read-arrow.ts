import { open } from 'node:fs/promises'
import { type AsyncRecordBatchFileReader, type RecordBatch, RecordBatchReader, type Vector } from './arrow.ts'
import { FormatError } from '../../errors.ts'

/** Rows of one record batch, column by column. */
export interface RowBatch {
  readonly length: number
  /** Index into `contigNames` for each row. */
  readonly contig: Int32Array
  readonly contigNames: readonly string[]
  /** 0-based. */
  readonly position: Uint32Array
  /** Upper-case ASCII. */
  readonly bases: Uint8Array
  /** NaN where there is no value. */
  readonly tracks: Readonly<Record<string, Float32Array>>
}

export interface PredictionFile {
  /** Schema metadata. */
  readonly metadata: ReadonlyMap<string, string>
  /** In the order of the file, one record batch in memory at a time. */
  rows(): AsyncGenerator<RowBatch>
  close(): Promise<void>
}

/**
 * Opens an Arrow file that genoconv wrote, to read its rows back bit for bit. Not a reader of any Arrow file: columns are
 * those of `arrowSchema`. FormatError where it is missing, cut short, or something else.
 */
export async function openPredictions(path: string): Promise<PredictionFile> {
  const handle = await open(path).catch((cause) => {
    throw new FormatError({
      where: path,
      what: cause.code === 'ENOENT' ? 'no such file' : `cannot be read (${cause.code})`,
      cause,
    })
  })
  try {
    const reader = await asFormatError(
      path,
      async () => (await RecordBatchReader.from(handle)).open() as unknown as AsyncRecordBatchFileReader,
    )
    const names = reader.schema?.fields.map(({ name }) => name) ?? []
    if (!['contig', 'position', 'base'].every((name) => names.includes(name))) {
      const expected = 'columns contig, position, base and tracks'
      throw new FormatError({ where: path, what: 'no predictions', expected, got: names.join(', ') || 'none' })
    }
    const trackNames = names.filter((name) => !['contig', 'position', 'base', 'region'].includes(name))
    return {
      metadata: reader.schema.metadata,
      async *rows() {
        for (let i = 0; i < reader.numRecordBatches; i++) {
          const batch = await asFormatError(path, async () => reader.readRecordBatch(i))
          if (batch) yield rowsOf(batch, trackNames)
        }
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** What the Arrow library says of a broken file, with its name. */
async function asFormatError<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new FormatError({ where: path, what: 'not a complete Arrow file', got: (cause as Error).message, cause })
  }
}

function rowsOf(batch: RecordBatch, trackNames: readonly string[]): RowBatch {
  const length = batch.numRows
  const column = (name: string): Vector => batch.getChild(name)!
  // One record batch has one piece a column; its buffer may be padded.
  const values = <T extends ArrayBufferView>(name: string): T => column(name).data[0].values.subarray(0, length) as T
  const letters = Uint8Array.from(namesOf(column('base')), (letter) => letter.charCodeAt(0))
  return {
    length,
    contig: values<Int32Array>('contig'),
    contigNames: namesOf(column('contig')),
    position: values<Uint32Array>('position'),
    bases: Uint8Array.from(values<Int8Array>('base'), (index) => letters[index]),
    tracks: Object.fromEntries(trackNames.map((name) => [name, values<Float32Array>(name)])),
  }
}

const namesOf = (column: Vector): string[] => [...(column.data[0].dictionary as Vector<never>)] as unknown as string[]
