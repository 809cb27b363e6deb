import { constants, unlinkSync } from 'node:fs'
import { type FileHandle, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { openFailure, vanished, writeFailure } from './output-errors.ts'
import { lockOutput, type OutputLock } from './output-lock.ts'
import { newRecordPath, type OutputPlace, partialPath, recordPath } from './output-place.ts'
import { protectInputs } from './protect-inputs.ts'
import type { ByteSink } from './sink.ts'
import { openStream } from './stream-output.ts'
import { writeFully } from './write-fully.ts'

export interface AtomicOutputOptions {
  /** Continue the partial file: its first `keptBytes` bytes stay. Without it a partial file that is there is replaced. */
  readonly keptBytes?: number
  /** Whether `abort` and the end of the process leave the partial file, and the record beside it, to a later run. */
  readonly keepsPartial?: boolean
  /** Told the file's size when all of it is written, before it gets its name. */
  readonly onWritten?: (bytes: number) => Promise<void>
}

/**
 * Opens the output `name`, which must not be one of `inputs`. A file appears under its name only when it is complete: it
 * is written beside it as `<name>.partial` and renamed by `finish`. `abort`, and the end of the process in any way but
 * SIGKILL, remove the partial file. A symbolic link stays, and its target is written in this way. Devices, FIFOs and open
 * descriptors are written as they are.
 *
 * @throws ConfigError where it is a folder or an input; FormatError where its folder is missing or not writable, or where
 *   another run is writing it; LimitError when the disk is full
 */
export async function openAtomicOutput(name: string, inputs: readonly string[] = []): Promise<ByteSink> {
  const place = await protectInputs(name, inputs)
  return place.kind === 'file' ? openPartial(place, await lockOutput(place)) : openStream(place)
}

/** The same for a file whose lock is held; the lock is released when the output is finished or aborted, or cannot be opened. */
export async function openPartial(
  place: OutputPlace,
  lock: OutputLock,
  options: AtomicOutputOptions = {},
): Promise<ByteSink> {
  const { name, path } = place
  const partial = partialPath(path)
  const { keptBytes = 0 } = options
  try {
    if (keptBytes > 0) {
      const handle = await open(partial, constants.O_RDWR | constants.O_NOFOLLOW)
      await handle.truncate(keptBytes)
      return new AtomicFile(handle, place, lock, options)
    }
    // The record says what the partial file is a part of, so it goes first. The partial file is made anew, never emptied:
    // if it is a link, what it leads to is somebody else's.
    await removeFiles([...recordPaths(path), partial])
    return new AtomicFile(await open(partial, 'wx'), place, lock, options)
  } catch (cause) {
    await lock.release()
    throw openFailure(name, cause)
  }
}

/** Writes, or replaces, the record beside the partial file; never half of one. LimitError when the disk is full. */
export async function writeRecord({ name, path }: OutputPlace, text: string): Promise<void> {
  try {
    await writeFile(newRecordPath(path), text)
    await rename(newRecordPath(path), recordPath(path))
  } catch (cause) {
    throw writeFailure(name, cause, 'partial')
  }
}

/** Removes the record beside the partial file: the output is complete. */
export const removeRecord = ({ path }: OutputPlace): Promise<void> => removeFiles(recordPaths(path))

const recordPaths = (path: string): string[] => [recordPath(path), newRecordPath(path)]

/** How often it is looked whether the file being written is still there. */
const lookMilliseconds = 2000

class AtomicFile implements ByteSink {
  readonly #handle: FileHandle
  readonly #place: OutputPlace
  readonly #lock: OutputLock
  readonly #options: AtomicOutputOptions
  #isOpen = true
  #isReleased = false
  #bytes: number
  #lookedAt = performance.now()

  constructor(handle: FileHandle, place: OutputPlace, lock: OutputLock, options: AtomicOutputOptions) {
    this.#handle = handle
    this.#place = place
    this.#lock = lock
    this.#options = options
    this.#bytes = options.keptBytes ?? 0
    // Before the lock is released.
    if (!options.keepsPartial) process.prependOnceListener('exit', this.#removeAtExit)
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      this.#bytes += await writeFully(this.#handle, chunks, this.#bytes)
      if (performance.now() - this.#lookedAt > lookMilliseconds) {
        await this.#checkThere()
        this.#lookedAt = performance.now()
      }
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  async finish(): Promise<void> {
    const { path } = this.#place
    try {
      await this.#handle.sync() // some file systems report a full disk only here
      await this.#checkThere()
      await this.#close()
      await this.#options.onWritten?.(this.#bytes)
      await rename(partialPath(path), path).catch((cause) => {
        throw cause.code === 'ENOENT' ? vanished(this.#place.name, cause) : cause
      })
      await removeFiles(recordPaths(path))
      await this.#release()
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  async abort(): Promise<void> {
    if (this.#isReleased) return // what is there now may be another run's
    if (this.#isOpen) await this.#close().catch(() => {})
    if (!this.#options.keepsPartial) await removeFiles(this.#ownFiles()).catch(() => {})
    await this.#release().catch(() => {})
  }

  /** Writing to a file that was removed, or whose folder was, goes well until it is to be renamed. */
  async #checkThere(): Promise<void> {
    const [written, there] = await Promise.all([
      this.#handle.stat(),
      stat(partialPath(this.#place.path)).catch(() => undefined),
    ])
    if (there?.ino !== written.ino || there.dev !== written.dev) throw vanished(this.#place.name)
  }

  async #close(): Promise<void> {
    this.#isOpen = false
    await this.#handle.close()
  }

  async #release(): Promise<void> {
    this.#isReleased = true
    process.removeListener('exit', this.#removeAtExit)
    await this.#lock.release()
  }

  #failure(cause: unknown): Error {
    return writeFailure(this.#place.name, cause, this.#options.keepsPartial ? 'partial' : 'nothing')
  }

  /** In the order in which they go. */
  #ownFiles(): string[] {
    return [...recordPaths(this.#place.path), partialPath(this.#place.path)]
  }

  readonly #removeAtExit = (): void => {
    for (const path of this.#ownFiles()) {
      try {
        unlinkSync(path)
      } catch {
        // never made, or gone already
      }
    }
  }
}

async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true })
}
