import { LimitError } from '../../errors.ts'
import type { SpoolFile } from './spool-file.ts'

/**
 * Bytes that are written in one order and read in another: a record whose length is not known until its end, values that
 * arrive from the far end of a contig. Held in memory up to `memoryBytes`, beyond it in a temporary file in `folder`,
 * which has no name on systems that allow it, so that nothing is left however the process ends. Bytes that were never
 * written read as zeros.
 */
export class Spool {
  readonly #memoryBytes: number
  readonly #folder: string
  #buffer = new Uint8Array(0)
  #file: SpoolFile | undefined
  /** One past the last byte written. */
  byteLength = 0

  constructor(options: { memoryBytes: number; folder: string }) {
    this.#memoryBytes = options.memoryBytes
    this.#folder = options.folder
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = offset + bytes.byteLength
    if (!this.#file && end > this.#memoryBytes) await this.#moveToFile()
    if (this.#file) {
      await this.#writeToFile(this.#file, offset, bytes)
    } else {
      if (end > this.#buffer.byteLength) {
        const grown = new Uint8Array(Math.min(this.#memoryBytes, Math.max(end, this.#buffer.byteLength * 2)))
        grown.set(this.#buffer)
        this.#buffer = grown
      }
      this.#buffer.set(bytes, offset)
    }
    this.byteLength = Math.max(this.byteLength, end)
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.write(this.byteLength, bytes)
  }

  /** A copy of `[offset, offset + length)`. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(length)
    if (!this.#file) {
      out.set(this.#buffer.subarray(offset, offset + length))
      return out
    }
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(out, done, length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return out
  }

  async close(): Promise<void> {
    this.#buffer = new Uint8Array(0)
    await this.#file?.remove()
    this.#file = undefined
  }

  async #moveToFile(): Promise<void> {
    const { openSpoolFile } = await import('./spool-file.ts') // only few runs need it
    const file = await openSpoolFile(this.#folder).catch((cause) => {
      throw this.#failure(cause)
    })
    this.#file = file
    const held = this.#buffer.subarray(0, this.byteLength)
    this.#buffer = new Uint8Array(0)
    await this.#writeToFile(file, 0, held)
  }

  async #writeToFile(file: SpoolFile, offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done).catch((cause) => {
        throw this.#failure(cause)
      })
      done += bytesWritten
    }
  }

  #failure(cause: unknown): LimitError {
    const code = (cause as { code?: string }).code
    return new LimitError({
      where: `temporary file in ${this.#folder}`,
      what: code === 'ENOSPC' ? 'the disk is full' : `cannot be written (${code})`,
      remedy: 'make room there, or give more `memory`',
      cause,
    })
  }
}
