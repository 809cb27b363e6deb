import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** A file without a name where the system allows it, so that nothing is left however the process ends. */
export interface SpoolFile {
  readonly handle: Pick<FileHandle, 'read' | 'write' | 'close'>
  /** After it was closed. */
  remove(): Promise<void>
}

/** A new temporary file in `folder`. System errors pass through. */
export async function openSpoolFile(folder: string): Promise<SpoolFile> {
  const path = join(folder, `.genoconv-${process.pid}-${Math.random().toString(36).slice(2, 10)}.partial`)
  const handle = await open(path, 'wx+')
  const unlinked = await unlink(path).then(
    () => true,
    () => false, // a system that keeps the names of open files
  )
  return { handle, remove: async () => (unlinked ? undefined : unlink(path)) }
}
