import { FormatError } from '../../errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a folder',
  ENOTDIR: 'no such file',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the link leads in a circle',
  EMFILE: 'cannot be opened: too many open files',
  ENFILE: 'cannot be opened: too many open files on this machine',
}

const REMEDIES: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit: ulimit -n 1024',
  ENFILE: 'close other programs',
}

/** The code of a failure of the file system, such as ENOENT; empty for anything else. */
export const failureCode = (cause: unknown): string => (cause as NodeJS.ErrnoException | undefined)?.code ?? ''

/** A failure to read, in the words of the user: `gene.fa: no such file`. */
export function fileProblem(where: string, cause: unknown): FormatError {
  const code = failureCode(cause)
  const what = REASONS[code] ?? `cannot be read (${code || String(cause)})`
  return new FormatError({ where, what, remedy: REMEDIES[code], cause })
}
