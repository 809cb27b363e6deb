import { ConfigError } from '../../errors.ts'
import type { ByteSink } from './sink.ts'

/**
 * A browser writes no files by name; this takes the place of atomic-output.ts in the build for browsers.
 *
 * @throws ConfigError
 */
export async function openAtomicOutput(name: string): Promise<ByteSink> {
  throw new ConfigError({
    where: name,
    what: 'a browser writes no files by name',
    expected: 'a sink',
    got: 'a file name',
    remedy: 'write to memorySink() and make a Blob of its bytes',
  })
}
