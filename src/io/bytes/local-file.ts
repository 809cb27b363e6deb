import { FormatError } from '../../errors.ts'
import { type ByteSource, PIECE_BYTES } from './byte-source.ts'
import { failureCode, fileProblem } from './file-problem.ts'
import { localPath } from './local-path.ts'
import { HeldFile, openToRead } from './open-files.ts'
import { isWebUrl, shownUrl } from './web-url.ts'
import { openStream } from './read-once.ts'

export { standardInput } from './read-once.ts'

/** Opens a file of the file system; a pipe (`<(...)`, a FIFO) or a device becomes a source that streams only. */
export async function openLocalFile(pathOrUrl: string): Promise<ByteSource> {
  const path = localPath(pathOrUrl)
  if (isWebUrl(path))
    throw new FormatError({
      where: shownUrl(path),
      what: 'only FASTA files are read from a server',
      expected: 'a file of this machine',
      remedy: 'download it first',
    })
  const { descriptor, status } = await openToRead(path).catch((cause) => {
    throw fileProblem(path, cause)
  })
  if (status.isFile()) return seekableFile(new HeldFile(path, descriptor, status))
  const stream = openStream(path, descriptor, status.isFIFO())
  if (!status.isDirectory()) return stream
  await stream.close()
  throw new FormatError({ where: path, what: 'is a folder', expected: 'a file' })
}

function seekableFile(file: HeldFile): ByteSource {
  const { path, byteCount, modifiedSeconds } = file
  const read = async (length: number, position: number, signal?: AbortSignal): Promise<Uint8Array> => {
    signal?.throwIfAborted()
    return file.read(length, position)
  }
  return {
    name: path,
    byteCount,
    modifiedSeconds,
    access: 'cheap',
    read,
    async *stream(signal) {
      for (let position = 0; position < byteCount; position += PIECE_BYTES)
        yield await read(PIECE_BYTES, position, signal)
    },
    async beside(suffix) {
      try {
        return await openLocalFile(path + suffix)
      } catch (error) {
        if (error instanceof FormatError && failureCode(error.cause) === 'ENOENT') return undefined
        throw error
      }
    },
    besideName: (suffix) => path + suffix,
    close: () => file.close(),
  }
}

/**
 * All bytes of a regular file, in order.
 *
 * @throws FormatError where it cannot be read, and for a pipe or a device: whoever reads one here takes its bytes from the run
 */
export async function* wholeFile(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = await openLocalFile(path)
  try {
    if (source.access === 'none') {
      throw new FormatError({
        where: path,
        what: 'is read once only',
        expected: 'a regular file',
        got: 'a pipe or a device',
        remedy: 'save it to a file first',
      })
    }
    yield* source.stream(signal)
  } finally {
    await source.close()
  }
}
