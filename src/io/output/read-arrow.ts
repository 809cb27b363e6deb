import { open } from 'node:fs/promises'
import { type AsyncRecordBatchFileReader, type RecordBatch, RecordBatchReader, type Vector } from './arrow.ts'
import { FormatError } from '../../errors.ts'
import { findArrowColumns } from './arrow-columns.ts'
import type { PredictionFile, RowBatch } from './prediction-file.ts'

/**
 * Opens an Arrow file that genoconv wrote, to read its rows back bit for bit. Not a reader of any Arrow file: columns are
 * those of `arrowSchema`. FormatError where it is missing, cut short, or something else.
 *
 * @param byColumn whether it is looked through at once for where its columns and rows stand
 */
export async function openPredictions(path: string, byColumn = false): Promise<PredictionFile> {
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
    let last: Promise<unknown> = Promise.resolve()
    /** One after the other: the library's reader has one place in the file for all who read. */
    const read = (block: number): Promise<RowBatch> => {
      const next = last.then(async () => {
        const batch = await asFormatError(path, async () => reader.readRecordBatch(block))
        if (!batch) throw new FormatError({ where: path, what: `record batch ${block} is missing` })
        return rowsOf(batch, trackNames)
      })
      last = next.catch(() => {})
      return next
    }
    const columns = byColumn
      ? await findArrowColumns(handle, reader.schema, reader.dictionaries, reader.numRecordBatches)
      : undefined
    return {
      metadata: reader.schema.metadata,
      tracks: trackNames,
      blockCount: reader.numRecordBatches,
      facts: columns?.facts,
      read,
      readNumbers: columns && ((block) => asFormatError(path, () => columns.read(block))),
      async *rows() {
        for (let i = 0; i < reader.numRecordBatches; i++) yield read(i)
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
    // Made when asked for: whoever looks at values alone does without.
    get bases() {
      return lettersOf(values<Int8Array>('base'), letters)
    },
    tracks: Object.fromEntries(trackNames.map((name) => [name, values<Float32Array>(name)])),
  }
}

function lettersOf(indices: Int8Array, letters: Uint8Array): Uint8Array {
  const out = new Uint8Array(indices.length)
  for (let i = 0; i < out.length; i++) out[i] = letters[indices[i]]
  return out
}

const namesOf = (column: Vector): string[] => [...(column.data[0].dictionary as Vector<never>)] as unknown as string[]
