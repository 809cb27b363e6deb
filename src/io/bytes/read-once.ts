import { close, read } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import { promisify } from 'node:util'
import { FormatError } from '../../errors.ts'
import { type ByteSource, PIECE_BYTES } from './byte-source.ts'
import { fileProblem } from './file-problem.ts'

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
    besideName: (suffix) => name + suffix,
    close,
  }
}

/** The bytes of a stream. An abort ends the wait for a writer that never comes. */
async function* piecesOf(stream: Readable, name: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  const stop = (): void => void stream.destroy()
  signal?.addEventListener('abort', stop)
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted()
      yield piece
    }
    signal?.throwIfAborted() // a destroyed stream may also just end
  } catch (cause) {
    signal?.throwIfAborted()
    throw fileProblem(name, cause)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Standard input, or any stream of bytes that stands for it. */
export function standardInput(stream: Readable = process.stdin): ByteSource {
  const name = 'standard input'
  return onceOnly(
    name,
    (signal) => piecesOf(stream, name, signal),
    async () => void stream.destroy(),
  )
}

/**
 * A pipe, a terminal or a device that was opened without blocking as `descriptor`. Pipes and terminals are waited for by the
 * event loop: a blocking read would hold a thread, which nothing could end before a writer comes.
 */
export function openStream(path: string, descriptor: number, isPipe: boolean): ByteSource {
  let stream: Readable | undefined
  const pieces = (signal?: AbortSignal): AsyncIterable<Uint8Array> => {
    if (isPipe) stream = new Socket({ fd: descriptor, readable: true, writable: false })
    else if (isatty(descriptor)) stream = new ReadStream(descriptor)
    else return devicePieces(path, descriptor, signal)
    return piecesOf(stream, path, signal)
  }
  // A stream owns the descriptor and closes it itself.
  return onceOnly(path, pieces, async () => void (stream ? stream.destroy() : await promisify(close)(descriptor)))
}

async function* devicePieces(path: string, descriptor: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (;;) {
    signal?.throwIfAborted()
    const bytes = new Uint8Array(PIECE_BYTES)
    const { bytesRead } = await promisify(read)(descriptor, bytes, 0, PIECE_BYTES, null).catch((cause) => {
      throw fileProblem(path, cause)
    })
    if (bytesRead === 0) return
    yield bytes.subarray(0, bytesRead)
  }
}
