import { open } from 'node:fs/promises'
import { RecordBatchReader } from 'apache-arrow'
import { FormatError } from '../../errors.ts'
import { localPath } from '../bytes/local-path.ts'
import { readDoneArrow } from './done-arrow.ts'
import { readAt } from './done-output.ts'

/** What an Arrow file or stream of predictions says of itself. */
export interface OutputInfo {
  readonly format: 'arrow' | 'arrows'
  readonly bytes: number
  readonly rows: number
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Schema metadata, as text or, where it is JSON, as what that says; keys without `genoconv.`. */
  readonly made: Readonly<Record<string, unknown>>
}

const magic = 'ARROW1'

/**
 * Reads how an output was made: the command that repeats it, its inputs with their hashes, the model, the device. Reads
 * metadata only, whatever the file's size.
 *
 * @param path an Arrow IPC file or stream that genoconv wrote
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
      throw new FormatError({ where: path, what: 'is no file', expected: 'an Arrow file or stream' })
    const start = new TextDecoder('latin1').decode(await readAt(handle, 0, magic.length))
    const format = start === magic ? 'arrow' : 'arrows'
    const schema = await readSchema(path, handle)
    const made: Record<string, unknown> = {}
    for (const [key, value] of schema.metadata)
      if (key.startsWith('genoconv.')) made[key.slice('genoconv.'.length)] = parsed(value)
    if (Object.keys(made).length === 0) {
      const expected = 'schema metadata of genoconv'
      throw new FormatError({ where: path, what: 'does not say how it was made', expected, got: 'none' })
    }
    const columns = schema.fields.map(({ name, type }) => ({ name, type: String(type) }))
    const rows = (await readDoneArrow(handle, format))?.rows ?? 0
    return { format, bytes: status.size, rows, columns, made }
  } finally {
    await handle.close()
  }
}

async function readSchema(path: string, handle: Awaited<ReturnType<typeof open>>) {
  let got = 'something else'
  try {
    const reader = await (await RecordBatchReader.from(handle)).open()
    if (reader.schema) return reader.schema
  } catch (cause) {
    got = (cause as Error).message
  }
  const expected = 'a complete Arrow file or stream; TSV and bedGraph say nothing of how they were made'
  throw new FormatError({ where: path, what: 'cannot be read as Arrow', expected, got })
}

function parsed(text: string): unknown {
  if (!/^[{[]|^null$/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
