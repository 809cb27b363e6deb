import { readFile, stat } from 'node:fs/promises'
import { FormatError, LimitError } from '../../errors.ts'
import { fileProblem } from './file-problem.ts'

/**
 * All bytes of a file that is read whole: a model, a manifest. A pipe or a device, which may have no end, is refused.
 *
 * @throws FormatError where it cannot be read, or is no regular file
 * @throws LimitError where it has more than `mostBytes`
 */
export async function readWholeFile(path: string, mostBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  const problem = (cause: unknown): never => {
    throw (cause as { code?: unknown }).code === 'ABORT_ERR' ? cause : fileProblem(path, cause)
  }
  const status = await stat(path).catch(problem)
  if (!status.isFile()) {
    const isFolder = status.isDirectory()
    const what = isFolder ? 'is a folder' : 'is not read to its end, which it may not have'
    throw new FormatError({ where: path, what, expected: 'a file', got: isFolder ? undefined : 'a pipe or a device' })
  }
  if (status.size > mostBytes)
    throw new LimitError({
      where: path,
      what: 'the file is too large',
      expected: `at most ${mostBytes} bytes`,
      got: `${status.size}`,
      neededBytes: status.size,
    })
  return readFile(path, signal ? { signal } : {}).catch(problem)
}
