import { close, constants, fstat, open, read, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { FormatError } from '../../errors.ts'
import { fileProblem } from './file-problem.ts'

const openDescriptor = promisify(open)
const closeDescriptor = promisify(close)
const statDescriptor = promisify(fstat)

/** Most files that are held open at a time. The process may be allowed few, and inputs may be many. */
const HELD_FILES = 8

/** Files that are open now, the one that was read longest ago first. */
const held = new Set<HeldFile>()

/** Opens `path` so that even a pipe without a writer opens at once. */
export async function openToRead(path: string): Promise<{ descriptor: number; status: Stats }> {
  const descriptor = await openDescriptor(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    return { descriptor, status: await statDescriptor(descriptor) }
  } catch (cause) {
    await closeDescriptor(descriptor)
    throw cause
  }
}

/**
 * A regular file that is read at any place. Where more than a few of them are in use, the one that was read longest ago is
 * closed; it is opened again when it is read, and must then still be the same file.
 */
export class HeldFile {
  readonly path: string
  readonly byteCount: number
  readonly modifiedSeconds: number
  #status: Stats
  #descriptor: number | undefined
  #opening: Promise<number> | undefined
  #readers = 0
  #isClosed = false

  constructor(path: string, descriptor: number, status: Stats) {
    this.path = path
    this.byteCount = status.size
    this.modifiedSeconds = Math.floor(status.mtimeMs / 1000)
    this.#status = status
    this.#descriptor = descriptor
    this.#used()
  }

  /** Bytes [position, position + length), fewer only at the end of the file. */
  async read(length: number, position: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.byteCount - position))
    const bytes = new Uint8Array(wanted)
    this.#readers++
    try {
      const descriptor = this.#descriptor ?? (await this.#reopen())
      this.#used()
      for (let done = 0; done < wanted; ) {
        const count = await readInto(descriptor, bytes, done, position + done)
        if (count === 0) throw this.#changed('shrank', `${this.byteCount} bytes`, `${position + done}`)
        done += count
      }
      return bytes
    } catch (cause) {
      throw cause instanceof FormatError ? cause : fileProblem(this.path, cause)
    } finally {
      this.#readers--
      if (this.#readers === 0 && this.#isClosed) await this.#release()
    }
  }

  /** Reads that were begun are finished first: a descriptor that is closed under them may be another file's by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#readers === 0) await this.#release()
  }

  #reopen(): Promise<number> {
    this.#opening ??= this.#openAgain().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openAgain(): Promise<number> {
    if (this.#isClosed) throw new Error(`${this.path} was closed`)
    const { descriptor, status } = await openToRead(this.path)
    const isSame = (['dev', 'ino', 'size', 'mtimeMs'] as const).every((field) => status[field] === this.#status[field])
    if (!isSame) {
      await closeDescriptor(descriptor)
      throw this.#changed('changed', 'the file that was opened first', 'another one')
    }
    this.#descriptor = descriptor
    return descriptor
  }

  /** Notes that this file is in use; closes another where too many are open. */
  #used(): void {
    held.delete(this)
    held.add(this)
    if (held.size <= HELD_FILES) return
    for (const file of held) {
      if (file.#readers > 0 || file === this) continue
      void file.#release()
      return
    }
  }

  async #release(): Promise<void> {
    held.delete(this)
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) await closeDescriptor(descriptor)
  }

  #changed(how: string, expected: string, got: string): FormatError {
    const what = `${how} while it was read`
    return new FormatError({ where: this.path, what, expected, got, remedy: 'run it again' })
  }
}

const readInto = (descriptor: number, bytes: Uint8Array, at: number, position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    read(descriptor, bytes, at, bytes.length - at, position, (error, count) => (error ? reject(error) : resolve(count)))
  })
