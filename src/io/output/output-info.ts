import { type FileHandle, open } from 'node:fs/promises'
import { RecordBatchReader, Schema } from './arrow.ts'
import { parquetMetadataAsync } from 'hyparquet'
import { FormatError } from '../../errors.ts'
import { localPath } from '../bytes/local-path.ts'
import { readDoneArrow } from './done-arrow.ts'
import { readAt } from './done-output.ts'

/** What an Arrow file or stream, or a Parquet file, of predictions says of itself. */
export interface OutputInfo {
  readonly format: 'arrow' | 'arrows' | 'parquet'
  readonly bytes: number
  readonly rows: number
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Schema metadata, as text or, where it is JSON, as what that says; keys without `genoconv.`. */
  readonly made: Readonly<Record<string, unknown>>
}

/** With what a file begins; a stream with neither. */
const magics = { arrow: 'ARROW1', parquet: 'PAR1' } as const

/**
 * Reads how an output was made: the command that repeats it, its inputs with their hashes, the model, the device. Reads
 * metadata only, whatever the file's size.
 *
 * @param path an Arrow IPC file or stream, or a Parquet file, that genoconv wrote
 * @throws FormatError where it is missing, incomplete, or something else
 */
export async function readOutputInfo(path: string): Promise<OutputInfo> {
  const handle = await open(localPath(path)).catch((cause) => {
    const what = cause.code === 'ENOENT' ? 'no such file' : `cannot be read (${cause.code})`
    throw new FormatError({ where: path, what, cause })
  })
  try {
    const status = await handle.stat()
    if (!status.isFile())
      throw new FormatError({ where: path, what: 'is no file', expected: 'an Arrow file or stream, or a Parquet file' })
    const start = new TextDecoder('latin1').decode(await readAt(handle, 0, magics.arrow.length))
    const format = start === magics.arrow ? 'arrow' : start.startsWith(magics.parquet) ? 'parquet' : 'arrows'
    const { schema, rows } =
      format === 'parquet' ? await readParquet(path, handle, status.size) : await readArrow(path, handle, format)
    const made: Record<string, unknown> = {}
    for (const [key, value] of schema.metadata)
      if (key.startsWith('genoconv.')) made[key.slice('genoconv.'.length)] = parsed(value)
    if (Object.keys(made).length === 0) {
      const expected = 'schema metadata of genoconv'
      throw new FormatError({ where: path, what: 'does not say how it was made', expected, got: 'none' })
    }
    const columns = schema.fields.map(({ name, type }) => ({ name, type: String(type) }))
    return { format, bytes: status.size, rows, columns, made }
  } finally {
    await handle.close()
  }
}

interface Head {
  readonly schema: Schema
  readonly rows: number
}

async function readArrow(path: string, handle: FileHandle, format: 'arrow' | 'arrows'): Promise<Head> {
  let cause: unknown
  try {
    const reader = await (await RecordBatchReader.from(handle)).open()
    if (reader.schema) return { schema: reader.schema, rows: (await readDoneArrow(handle, format))?.rows ?? 0 }
  } catch (error) {
    cause = error
  }
  const expected = 'a complete Arrow file or stream, or a Parquet file; text formats say nothing of how they were made'
  throw new FormatError({ where: path, what: 'cannot be read as Arrow', expected, got: 'something else', cause })
}

/** The Arrow schema stands in the Parquet file's own metadata. */
async function readParquet(path: string, handle: FileHandle, byteLength: number): Promise<Head> {
  const slice = async (start: number, end = byteLength): Promise<ArrayBuffer> =>
    (await readAt(handle, start, end - start)).slice().buffer
  const metadata = await parquetMetadataAsync({ byteLength, slice }).catch((cause) => {
    throw new FormatError({ where: path, what: 'not a complete Parquet file', remedy: 'write it again', cause })
  })
  const schema = metadata.key_value_metadata?.find(({ key }) => key === 'ARROW:schema')?.value
  return {
    schema: schema === undefined ? new Schema() : RecordBatchReader.from(Buffer.from(schema, 'base64')).open().schema,
    rows: Number(metadata.num_rows),
  }
}

function parsed(text: string): unknown {
  if (!/^[{[]|^null$/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
