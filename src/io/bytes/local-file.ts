import { type FileHandle, open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { FormatError } from '../../errors.ts'
import { type ByteSource, PIECE_BYTES } from './byte-source.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a folder',
  ENOTDIR: 'no such file',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the link leads in a circle',
}

/** A file-system failure in the words of the user: `gene.fa: no such file`. */
function fileProblem(path: string, cause: unknown): FormatError {
  const code = (cause as NodeJS.ErrnoException)?.code ?? ''
  return new FormatError({ where: path, what: REASONS[code] ?? `cannot be read (${code || String(cause)})`, cause })
}

/** Opens a file of the file system; a pipe (`<(...)`, a FIFO) or a device becomes a source that streams only. */
export async function openLocalFile(pathOrUrl: string): Promise<ByteSource> {
  const path = pathOrUrl.startsWith('file://') ? fileURLToPath(pathOrUrl) : pathOrUrl
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const status = await handle.stat()
    if (status.isDirectory()) throw new FormatError({ where: path, what: 'is a folder', expected: 'a FASTA file' })
    if (!status.isFile()) return handleStream(path, handle)
    return seekableFile(path, handle, status.size, Math.floor(status.mtimeMs / 1000))
  } catch (cause) {
    await handle?.close()
    throw cause instanceof FormatError ? cause : fileProblem(path, cause)
  }
}

function seekableFile(path: string, handle: FileHandle, byteCount: number, modifiedSeconds: number): ByteSource {
  const read = async (length: number, position: number, signal?: AbortSignal): Promise<Uint8Array> => {
    signal?.throwIfAborted()
    const wanted = Math.max(0, Math.min(length, byteCount - position))
    const bytes = new Uint8Array(wanted)
    for (let done = 0; done < wanted; ) {
      const { bytesRead } = await handle.read(bytes, done, wanted - done, position + done).catch((cause) => {
        throw fileProblem(path, cause)
      })
      if (bytesRead === 0) {
        throw new FormatError({
          where: path,
          what: 'shrank while it was read',
          expected: `${byteCount} bytes`,
          got: `${position + done}`,
        })
      }
      done += bytesRead
    }
    return bytes
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
        if (error instanceof FormatError && (error.cause as NodeJS.ErrnoException)?.code === 'ENOENT') return undefined
        throw error
      }
    },
    close: () => handle.close(),
  }
}

/** What can be read once, in order: standard input, a pipe. */
function onceOnly(
  name: string,
  pieces: (signal?: AbortSignal) => AsyncIterable<Uint8Array>,
  close: () => Promise<void>,
): ByteSource {
  let isTaken = false
  return {
    name,
    byteCount: undefined,
    modifiedSeconds: undefined,
    access: 'none',
    read: async () => {
      throw new FormatError({ where: name, what: 'a stream has no random access', remedy: 'save it to a file first' })
    },
    async *stream(signal) {
      if (isTaken)
        throw new FormatError({
          where: name,
          what: 'a stream can be read only once',
          remedy: 'save it to a file first',
        })
      isTaken = true
      yield* pieces(signal)
    },
    beside: async () => undefined,
    close,
  }
}

function handleStream(path: string, handle: FileHandle): ByteSource {
  const pieces = async function* (signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead, buffer } = await handle
        .read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES, null)
        .catch((cause) => {
          throw fileProblem(path, cause)
        })
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  }
  return onceOnly(path, pieces, () => handle.close())
}

/** Standard input, or any stream of bytes that stands for it. */
export function standardInput(stream: NodeJS.ReadableStream = process.stdin): ByteSource {
  const pieces = async function* (signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of stream as AsyncIterable<Uint8Array>) {
        signal?.throwIfAborted()
        yield piece
      }
    } catch (cause) {
      signal?.throwIfAborted()
      throw fileProblem('standard input', cause)
    }
  }
  return onceOnly('standard input', pieces, async () => {
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy()
  })
}
