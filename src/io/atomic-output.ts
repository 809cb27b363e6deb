import { unlinkSync } from 'node:fs'
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError, FormatError, LimitError } from '../errors.ts'
import type { ByteSink } from './sink.ts'

/**
 * A file that appears under its name only when it is complete: it is written beside it as `<name>.partial` and renamed by
 * `finish`. `abort`, and the end of the process in any way but SIGKILL, remove the partial file. A device or pipe
 * (`/dev/null`, a FIFO) is written as it is.
 *
 * ConfigError where `path` is a folder or one of `inputs`; FormatError where its folder is missing or not writable;
 * LimitError when the disk is full.
 */
export async function openAtomicOutput(path: string, options: { inputs?: readonly string[] } = {}): Promise<ByteSink> {
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory()) throw new ConfigError({ where: path, what: 'the output is a folder', expected: "a file's name" })
  for (const input of options.inputs ?? []) {
    const inputStat = await stat(input).catch(() => undefined)
    if (existing && inputStat && inputStat.ino === existing.ino && inputStat.dev === existing.dev) {
      throw new ConfigError({ where: path, what: 'the output is an input', expected: 'another file', got: input, remedy: 'give another name with --output' })
    }
  }
  const isDirect = existing !== undefined && !existing.isFile()
  const writtenPath = isDirect ? path : `${path}.partial`
  const handle = await open(writtenPath, 'w').catch((cause) => {
    throw openFailure(path, cause)
  })
  return fileSink(handle, path, writtenPath)
}

function fileSink(handle: FileHandle, path: string, writtenPath: string): ByteSink {
  const isDirect = path === writtenPath
  let isOpen = true
  const removeAtExit = (): void => {
    try {
      unlinkSync(writtenPath)
    } catch {
      // never made, or gone already
    }
  }
  if (!isDirect) process.once('exit', removeAtExit)
  const close = async (): Promise<void> => {
    isOpen = false
    await handle.close()
  }
  return {
    async write(chunks) {
      try {
        await writeAll(handle, chunks)
      } catch (cause) {
        throw writeFailure(path, cause)
      }
    },
    async finish() {
      try {
        await close() // some file systems report a full disk only here
        if (!isDirect) await rename(writtenPath, path)
      } catch (cause) {
        throw writeFailure(path, cause)
      }
      process.removeListener('exit', removeAtExit)
    },
    async abort() {
      if (isOpen) await close().catch(() => {})
      if (isDirect) return
      process.removeListener('exit', removeAtExit)
      await unlink(writtenPath).catch(() => {})
    },
  }
}

/** `writev` may write less than it was given. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const mostBuffers = 512 // systems allow 1,024 a call
  for (let from = 0; from < chunks.length; from += mostBuffers) {
    let rest = chunks.slice(from, from + mostBuffers)
    while (rest.length > 0) {
      let { bytesWritten } = await handle.writev(rest)
      let whole = 0
      while (whole < rest.length && bytesWritten >= rest[whole]!.byteLength) bytesWritten -= rest[whole++]!.byteLength
      rest = rest.slice(whole)
      if (rest.length > 0) rest[0] = rest[0]!.subarray(bytesWritten)
    }
  }
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
  const remedy = code === 'ENOENT' ? 'make the folder, or give another --output' : 'give another --output'
  return new FormatError({ where: path, what: what[code] ?? `cannot be written (${code})`, remedy, cause })
}

function writeFailure(path: string, cause: unknown): Error {
  const code = codeOf(cause)
  if (code === 'EPIPE') return cause as Error
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const what = code === 'EFBIG' ? 'the file is larger than the system allows' : 'the disk is full'
    return new LimitError({ where: path, what, remedy: 'make room, or give an --output on another disk; nothing was kept', cause })
  }
  return new FormatError({ where: path, what: `writing failed (${code})`, remedy: 'nothing was kept', cause })
}

/** Standard output. A closed pipe gives the system's own error with the code `EPIPE`. */
export function standardOutput(stream: NodeJS.WriteStream = process.stdout): ByteSink {
  return {
    async write(chunks) {
      for (const chunk of chunks) {
        await new Promise<void>((resolve, reject) => {
          stream.write(chunk, (error) => (error ? reject(codeOf(error) === 'EPIPE' ? error : writeFailure('standard output', error)) : resolve()))
        })
      }
    },
    async finish() {},
    async abort() {},
  }
}
