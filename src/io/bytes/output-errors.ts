import { dirname } from 'node:path'
import { FormatError, GenoconvError, LimitError } from '../../errors.ts'

const codeOf = (cause: unknown): string => String((cause as { code?: unknown } | undefined)?.code ?? cause)

const isFull = (code: string): boolean => code === 'ENOSPC' || code === 'EDQUOT'

/** Why the output `name` cannot be opened. `folder`: where it really lies. */
export function openFailure(name: string, cause: unknown, folder = dirname(name)): Error {
  const code = codeOf(cause)
  const what: Record<string, string> = {
    ENOENT: `the output's folder ${folder} does not exist`,
    ENOTDIR: `${folder} is not a folder`,
    EACCES: 'no permission to write the output',
    EPERM: 'no permission to write the output',
    EROFS: 'the output is on a read-only file system',
    ENAMETOOLONG: "the output's name is too long",
    ELOOP: 'the link leads in a circle',
  }
  if (cause instanceof GenoconvError) return cause
  if (isFull(code)) return writeFailure(name, cause)
  const remedy = code === 'ENOENT' ? 'make the folder, or give another `output`' : 'give another `output`'
  return new FormatError({ where: name, what: what[code] ?? `cannot be written (${code})`, remedy, cause })
}

/** What a failure leaves: nothing, a partial file for a later run, a training's state, or what went down a stream. */
type Leaves = 'nothing' | 'partial' | 'state' | 'stream'

/** Why writing the output `name` failed. A closed pipe stays the system's own error with the code `EPIPE`. */
export function writeFailure(name: string, cause: unknown, leaves: Leaves = 'nothing'): Error {
  const code = codeOf(cause)
  if (code === 'EPIPE' || cause instanceof GenoconvError) return cause as Error
  if (isFull(code) || code === 'EFBIG') {
    const remedies = {
      nothing: 'make room, or give an `output` on another disk; nothing was kept',
      partial: 'make room',
      state: 'make room, then continue with `resume`',
      stream: 'make room, or write elsewhere',
    }
    const what = code === 'EFBIG' ? 'the file is larger than the system allows' : 'the disk is full'
    return new LimitError({ where: name, what, remedy: remedies[leaves], cause })
  }
  const remedy = leaves === 'nothing' ? 'nothing was kept' : undefined
  return new FormatError({ where: name, what: `writing failed (${code})`, remedy, cause })
}

/** The partial file of `name` is not the one that was being written. */
export const vanished = (name: string, cause?: unknown): FormatError =>
  new FormatError({
    where: name,
    what: 'the partial output has vanished, or its folder has',
    remedy: 'nothing was kept',
    cause,
  })
