import { type FileHandle, open } from 'node:fs/promises'
import { type AsyncRecordBatchFileReader, type RecordBatch, RecordBatchReader, type Schema } from './arrow.ts'
import { FormatError } from '../../errors.ts'

/** An Arrow file, read one record batch at a time. */
export interface ArrowFile {
  readonly schema: Schema
  readonly dictionaries: AsyncRecordBatchFileReader['dictionaries']
  readonly batchCount: number
  readonly handle: FileHandle
  /** One after the other, however they are asked for: the library's reader has one place in the file for all who read. */
  read(batch: number): Promise<RecordBatch>
  close(): Promise<void>
}

/** @throws FormatError where it is missing, cut short, or something else */
export async function openArrow(path: string): Promise<ArrowFile> {
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
    let last: Promise<unknown> = Promise.resolve()
    return {
      schema: reader.schema,
      dictionaries: reader.dictionaries,
      batchCount: reader.numRecordBatches,
      handle,
      read(batch) {
        const next = last.then(async () => {
          const found = await asFormatError(path, async () => reader.readRecordBatch(batch))
          if (!found) throw new FormatError({ where: path, what: `record batch ${batch} is missing` })
          return found
        })
        last = next.catch(() => {})
        return next
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** A failure of the Arrow library, in the words of the user. */
export async function asFormatError<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new FormatError({ where: path, what: 'not a complete Arrow file', remedy: 'write it again', cause })
  }
}
