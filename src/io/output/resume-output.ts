import { open } from 'node:fs/promises'
import { partialPath } from '../bytes/output-place.ts'
import { readDoneArrow } from './done-arrow.ts'
import type { DoneOutput } from './done-output.ts'
import { readDoneTsv } from './done-tsv.ts'
import type { OutputFormat } from './formats.ts'

/**
 * Whether the rows of a cut file of `format` can be counted. bedGraph joins neighbours of equal value and leaves out what
 * has none, so its lines do not say which rows they were.
 */
export const canResume = (format: OutputFormat): boolean =>
  format === 'arrow' || format === 'arrows' || format === 'tsv'

/** The whole rows in the partial file of `path`; undefined where there is no such file or no row in it. */
export async function readDoneOutput(path: string, format: OutputFormat): Promise<DoneOutput | undefined> {
  const handle = await open(partialPath(path), 'r').catch((cause) => {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined
    throw cause
  })
  if (!handle) return undefined
  try {
    if (format === 'tsv') return await readDoneTsv(handle)
    return format === 'arrow' || format === 'arrows' ? await readDoneArrow(handle, format) : undefined
  } finally {
    await handle.close()
  }
}
