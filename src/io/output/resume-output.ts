import { type FileHandle, open } from 'node:fs/promises'
import { partialPath } from '../bytes/output-place.ts'
import { readDoneArrow } from './done-arrow.ts'
import type { DoneOutput } from './done-output.ts'
import { readDoneTsv } from './done-tsv.ts'
import type { ResumableFormat } from './formats.ts'

type DoneReader = (handle: FileHandle) => Promise<DoneOutput | undefined>

const readers: Readonly<Record<ResumableFormat, DoneReader>> = {
  arrow: (handle) => readDoneArrow(handle, 'arrow'),
  arrows: (handle) => readDoneArrow(handle, 'arrows'),
  tsv: readDoneTsv,
}

/** The whole rows in the partial file of `path`; undefined where there is no such file or no row in it. */
export async function readDoneOutput(path: string, format: ResumableFormat): Promise<DoneOutput | undefined> {
  const handle = await open(partialPath(path), 'r').catch((cause) => {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined
    throw cause
  })
  if (!handle) return undefined
  try {
    return await readers[format](handle)
  } finally {
    await handle.close()
  }
}
