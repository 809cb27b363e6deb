import { closeSync, constants, fstat, open, read, readSync, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { FormatError } from '../../errors.ts'
import { fileProblem } from './file-problem.ts'

const openDescriptor = promisify(open)
const statDescriptor = promisify(fstat)

/** Most files that are held open at a time. The process may be allowed few, and inputs may be many. */
const HELD_FILES = 8

/** Reads of at most so many bytes are done at once, unless one took longer than `QUICK_MS`: then so many go to threads. */
const QUICK_BYTES = 1 << 17
const QUICK_MS = 2
const SLOW_READS = 32
/** Time after which reads that are done at once let signals, timers and other work have their turn. */
const TURN_MS = 10

let lastTurn = 0
async function takeTurns(): Promise<void> {
  const now = performance.now()
  if (now - lastTurn < TURN_MS) return
  await new Promise((resolve) => setImmediate(resolve))
  lastTurn = performance.now()
}

/** Files that are open now, the one that was read longest ago first. */
const held = new Set<HeldFile>()

/** Opens `path` so that even a pipe without a writer opens at once. */
export async function openToRead(path: string): Promise<{ descriptor: number; status: Stats }> {
  const descriptor = await openDescriptor(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    return { descriptor, status: await statDescriptor(descriptor) }
  } catch (cause) {
    closeSync(descriptor)
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
  /** Reads that are still to go to a thread. */
  #slowReads = 0

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
    const bytes = unfilled(wanted)
    this.#readers++
    try {
      const descriptor = this.#descriptor ?? (await this.#reopen())
      this.#used()
      await takeTurns()
      const count = this.#isQuick(wanted)
        ? this.#readNow(descriptor, bytes, position)
        : await readOnThread(descriptor, bytes, position)
      if (count < wanted) throw this.#changed('shrank', `${this.byteCount} bytes`, `${position + count}`)
      return bytes
    } catch (cause) {
      throw cause instanceof FormatError ? cause : fileProblem(this.path, cause)
    } finally {
      this.#readers--
      if (this.#readers === 0 && this.#isClosed) this.#release()
    }
  }

  /** Reads that were begun are finished first: a descriptor that is closed under them may be another file's by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#readers === 0) this.#release()
  }

  /**
   * Whether a read is done at once. What the system has in memory takes microseconds, a tenth of the way to a thread and
   * back. Where a read took long (a slow disk, a network), the next ones go to threads.
   */
  #isQuick(length: number): boolean {
    if (length > QUICK_BYTES) return false
    if (this.#slowReads === 0) return true
    this.#slowReads--
    return false
  }

  #readNow(descriptor: number, bytes: Uint8Array, position: number): number {
    const started = performance.now()
    let done = 0
    for (let count = -1; count !== 0 && done < bytes.length; done += count)
      count = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (performance.now() - started > QUICK_MS) this.#slowReads = SLOW_READS
    return done
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
      closeSync(descriptor)
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
      file.#release()
      return
    }
  }

  /** At once: whoever opens the next file needs the room now. */
  #release(): void {
    held.delete(this)
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) closeSync(descriptor)
  }

  #changed(how: string, expected: string, got: string): FormatError {
    const what = `${how} while it was read`
    return new FormatError({ where: this.path, what, expected, got, remedy: 'run it again' })
  }
}

/** Memory that is not set to zero first: all of it is read into, or nothing of it is returned. */
function unfilled(byteCount: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(byteCount)
  return new Uint8Array(buffer, byteOffset, byteCount)
}

/** Fills `bytes` on a thread of Node's; gives the bytes that the file had. */
async function readOnThread(descriptor: number, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; ; ) {
    const count = await new Promise<number>((resolve, reject) => {
      read(descriptor, bytes, done, bytes.length - done, position + done, (error, count) =>
        error ? reject(error) : resolve(count),
      )
    })
    done += count
    if (count === 0 || done === bytes.length) return done
  }
}
