import { LimitError } from '../../errors.ts'
import type { SpoolFile } from './spool-file.ts'

/**
 * A browser has no temporary files; this takes the place of spool-file.ts in the build for browsers.
 *
 * @throws LimitError
 */
export async function openSpoolFile(): Promise<SpoolFile> {
  throw new LimitError({
    where: 'browser',
    option: 'memory',
    what: 'the values do not fit memory, and a browser has no temporary files',
    remedy: 'give more `memory`, or predict smaller regions',
  })
}
