import { constants, open as openDescriptor } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openFailure, writeFailure } from './output-errors.ts'
import type { OutputPlace } from './output-place.ts'
import type { ByteSink } from './sink.ts'
import { writeFully } from './write-fully.ts'

/** Standard output. A closed pipe gives the system's own error with the code `EPIPE`. */
export const standardOutput = (): ByteSink => streamSink(process.stdout, 'standard output', async () => {})

/** An output that is no regular file: its bytes go out as they come, and nothing can be taken back. */
export async function openStream({ name, path, kind }: OutputPlace, signal?: AbortSignal): Promise<ByteSink> {
  if (kind === 'standard output') return standardOutput()
  try {
    if (kind === 'device') return deviceSink(await open(path, constants.O_WRONLY | constants.O_APPEND), name)
    return await openFifo(name, path, signal)
  } catch (cause) {
    signal?.throwIfAborted()
    throw openFailure(name, cause)
  }
}

/** How often it is looked whether a FIFO has a reader. */
const lookMilliseconds = 50

/** Waits for a reader without holding a thread, so that a signal can end the program. */
async function openFifo(name: string, path: string, signal?: AbortSignal): Promise<ByteSink> {
  for (;;) {
    // A number, not a FileHandle, which would close the file when it is collected.
    const fd = await promisify(openDescriptor)(path, constants.O_WRONLY | constants.O_NONBLOCK).catch((error) => {
      if (error.code === 'ENXIO') return undefined // nobody reads it yet
      throw error
    })
    if (fd === undefined) {
      await setTimeout(lookMilliseconds, undefined, { signal })
      continue
    }
    const socket = new Socket({ fd, readable: false, writable: true })
    socket.on('error', () => {}) // whoever writes is told
    return streamSink(socket, name, async () => {
      await new Promise<void>((done) => void socket.end(done))
    })
  }
}

function streamSink(stream: Writable, name: string, finish: () => Promise<void>): ByteSink {
  return {
    async write(chunks) {
      for (const chunk of chunks) {
        await new Promise<void>((resolve, reject) => {
          stream.write(chunk, (error) => (error ? reject(writeFailure(name, error, 'stream')) : resolve()))
        })
      }
    },
    finish,
    async abort() {},
  }
}

function deviceSink(handle: FileHandle, name: string): ByteSink {
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await handle.close()
    isOpen = false
  }
  return {
    async write(chunks) {
      await writeFully(handle, chunks).catch((cause) => {
        throw writeFailure(name, cause, 'stream')
      })
    },
    finish: close,
    abort: close,
  }
}
