import { constants, unlinkSync } from 'node:fs'
import { access, type FileHandle, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError, FormatError, GenoconvError, LimitError } from '../../errors.ts'
import type { ByteSink } from './sink.ts'

export interface AtomicOutputOptions {
  /** Files that the output must not be. */
  readonly inputs?: readonly string[]
  /** Go on with the partial file: its first `keptBytes` bytes stay. Without it a partial file that is there is replaced. */
  readonly keptBytes?: number
  /** Whether `abort` and the end of the process leave the partial file, and the record beside it, to a run that goes on. */
  readonly keepsPartial?: boolean
  /** Told the file's size when all of it is written, before it gets its name. */
  readonly onWritten?: (bytes: number) => Promise<void>
}

/** Where `path` is written until it is complete. */
export const partialPath = (path: string): string => `${path}.partial`

/** Where it is said what the partial file of `path` is a part of (pipelines/resume-record.ts). */
export const recordPath = (path: string): string => `${partialPath(path)}.json`

/**
 * A file that appears under its name only when it is complete: it is written beside it as `<name>.partial` and renamed by
 * `finish`. `abort`, and the end of the process in any way but SIGKILL, remove the partial file and what stands beside it,
 * unless `keepsPartial`. A device or pipe (`/dev/null`, a FIFO) is written as it is.
 *
 * ConfigError where `path` is a folder or one of `inputs`; FormatError where its folder is missing or not writable;
 * LimitError when the disk is full.
 */
export async function openAtomicOutput(path: string, options: AtomicOutputOptions = {}): Promise<ByteSink> {
  const { isDirect } = await checkOutput(path, options.inputs)
  const writtenPath = isDirect ? path : partialPath(path)
  const { keptBytes = 0 } = options
  try {
    // A record says what the partial file is a part of: it goes before the file does.
    if (!isDirect && keptBytes === 0) await removeFiles(recordPaths(path))
    const handle = await open(writtenPath, keptBytes > 0 ? 'r+' : 'w')
    if (keptBytes > 0) await handle.truncate(keptBytes)
    return new AtomicFile(handle, path, writtenPath, options)
  } catch (cause) {
    throw openFailure(path, cause)
  }
}

/** The errors of `openAtomicOutput` that can be had without opening; `isDirect`: not a regular file. */
export async function checkOutput(path: string, inputs: readonly string[] = []): Promise<{ isDirect: boolean }> {
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory())
    throw new ConfigError({ where: path, what: 'the output is a folder', expected: "a file's name" })
  for (const input of inputs) {
    const inputStat = await stat(input).catch(() => undefined)
    if (existing && inputStat && inputStat.ino === existing.ino && inputStat.dev === existing.dev) {
      throw new ConfigError({
        where: path,
        what: 'the output is an input',
        expected: 'another file',
        got: input,
        remedy: 'give another name with `output`',
      })
    }
  }
  await access(dirname(path), constants.W_OK).catch((cause) => {
    if (existing === undefined) throw openFailure(path, cause)
  })
  return { isDirect: existing !== undefined && !existing.isFile() }
}

const newRecordPath = (path: string): string => `${recordPath(path)}.new`

/** Writes, or replaces, the record beside the partial file of `path`; never half of one. LimitError when the disk is full. */
export async function writeRecord(path: string, text: string): Promise<void> {
  try {
    await writeFile(newRecordPath(path), text)
    await rename(newRecordPath(path), recordPath(path))
  } catch (cause) {
    throw writeFailure(path, cause, true)
  }
}

/** Takes the record of `path` away: it is complete. */
export const removeRecord = (path: string): Promise<void> => removeFiles(recordPaths(path))

/** What stands beside a partial file, in the order in which it goes: the record first. */
const recordPaths = (path: string): string[] => [recordPath(path), newRecordPath(path)]

/** How often it is looked whether the file being written is still there. */
const lookMilliseconds = 2000

class AtomicFile implements ByteSink {
  private readonly handle: FileHandle
  private readonly path: string
  private readonly writtenPath: string
  private readonly options: AtomicOutputOptions
  private isOpen = true
  private bytes: number
  private lookedAt = performance.now()

  constructor(handle: FileHandle, path: string, writtenPath: string, options: AtomicOutputOptions) {
    this.handle = handle
    this.path = path
    this.writtenPath = writtenPath
    this.options = options
    this.bytes = options.keptBytes ?? 0
    if (!this.isDirect && !options.keepsPartial) process.once('exit', this.removeAtExit)
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      this.bytes += await writeAll(this.handle, chunks, this.isDirect ? undefined : this.bytes)
      // Writing to a file that was removed, or whose folder was, goes well until it is to be renamed.
      if (!this.isDirect && performance.now() - this.lookedAt > lookMilliseconds) {
        await stat(this.writtenPath)
        this.lookedAt = performance.now()
      }
    } catch (cause) {
      throw this.failure(cause)
    }
  }

  async finish(): Promise<void> {
    try {
      if (!this.isDirect) await this.handle.sync() // some file systems report a full disk only here
      await this.close()
      if (!this.isDirect) {
        await this.options.onWritten?.(this.bytes)
        await rename(this.writtenPath, this.path)
        await removeFiles(recordPaths(this.path))
      }
    } catch (cause) {
      throw this.failure(cause)
    }
    process.removeListener('exit', this.removeAtExit)
  }

  async abort(): Promise<void> {
    if (this.isOpen) await this.close().catch(() => {})
    process.removeListener('exit', this.removeAtExit)
    if (this.isDirect || this.options.keepsPartial) return
    await removeFiles([...recordPaths(this.path), this.writtenPath]).catch(() => {})
  }

  private get isDirect(): boolean {
    return this.path === this.writtenPath
  }

  private async close(): Promise<void> {
    this.isOpen = false
    await this.handle.close()
  }

  private failure(cause: unknown): Error {
    return writeFailure(this.path, cause, this.options.keepsPartial)
  }

  private readonly removeAtExit = (): void => {
    for (const path of [...recordPaths(this.path), this.writtenPath]) {
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

/** `writev` may write less than it was given. Without `position`: where the file stands. Gives the bytes written. */
async function writeAll(
  handle: FileHandle,
  chunks: readonly Uint8Array[],
  position: number | undefined,
): Promise<number> {
  let total = 0
  const mostBuffers = 512 // systems allow 1,024 a call
  for (let from = 0; from < chunks.length; from += mostBuffers) {
    let rest = chunks.slice(from, from + mostBuffers)
    while (rest.length > 0) {
      let { bytesWritten } = await handle.writev(rest, position === undefined ? undefined : position + total)
      total += bytesWritten
      let whole = 0
      while (whole < rest.length && bytesWritten >= rest[whole].byteLength) bytesWritten -= rest[whole++].byteLength
      rest = rest.slice(whole)
      if (rest.length > 0) rest[0] = rest[0].subarray(bytesWritten)
    }
  }
  return total
}

function codeOf(cause: unknown): string {
  return String((cause as { code?: unknown } | undefined)?.code ?? cause)
}

function openFailure(path: string, cause: unknown): Error {
  const code = codeOf(cause)
  const folder = dirname(path)
  const what: Record<string, string> = {
    ENOENT: `the output's folder ${folder} does not exist`,
    ENOTDIR: `${folder} is not a folder`,
    EACCES: 'no permission to write the output',
    EPERM: 'no permission to write the output',
    EROFS: 'the output is on a read-only file system',
    ENAMETOOLONG: "the output's name is too long",
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return writeFailure(path, cause)
  const remedy = code === 'ENOENT' ? 'make the folder, or give another `output`' : 'give another `output`'
  return new FormatError({ where: path, what: what[code] ?? `cannot be written (${code})`, remedy, cause })
}

function writeFailure(path: string, cause: unknown, keepsPartial = false): Error {
  const code = codeOf(cause)
  if (code === 'EPIPE' || cause instanceof GenoconvError) return cause as Error
  const kept = keepsPartial ? 'what was finished is kept: the same command with `resume` goes on' : 'nothing was kept'
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const what = code === 'EFBIG' ? 'the file is larger than the system allows' : 'the disk is full'
    return new LimitError({
      where: path,
      what,
      remedy: `make room${keepsPartial ? '' : ', or give an `output` on another disk'}; ${kept}`,
      cause,
    })
  }
  if (code === 'ENOENT')
    return new FormatError({
      where: path,
      what: 'the partial output has vanished, or its folder has',
      remedy: 'nothing was kept',
      cause,
    })
  return new FormatError({ where: path, what: `writing failed (${code})`, remedy: kept, cause })
}

/** Standard output. A closed pipe gives the system's own error with the code `EPIPE`. */
export function standardOutput(stream: NodeJS.WriteStream = process.stdout): ByteSink {
  return {
    async write(chunks) {
      for (const chunk of chunks) {
        await new Promise<void>((resolve, reject) => {
          stream.write(chunk, (error) =>
            error ? reject(codeOf(error) === 'EPIPE' ? error : writeFailure('standard output', error)) : resolve(),
          )
        })
      }
    },
    async finish() {},
    async abort() {},
  }
}
