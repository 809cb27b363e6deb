import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** A temporary file: bytes at places. Both calls may move fewer bytes than they are asked to. */
export interface SpoolFile {
  /** Writes `bytes[start, start + length)` at `offset`. */
  write(bytes: Uint8Array, start: number, length: number, offset: number): Promise<{ readonly bytesWritten: number }>
  /** Reads `length` bytes at `offset` to `out[start]`. */
  read(out: Uint8Array, start: number, length: number, offset: number): Promise<{ readonly bytesRead: number }>
  /** Closes it; nothing is left. */
  remove(): Promise<void>
}

/**
 * A new temporary file in `folder`, without a name on systems that allow it, so that nothing is left however the process ends.
 * System errors pass through.
 */
export async function openSpoolFile(folder: string): Promise<SpoolFile> {
  const path = join(folder, `.genoconv-${process.pid}-${Math.random().toString(36).slice(2, 10)}.partial`)
  const handle = await open(path, 'wx+')
  const isUnlinked = await unlink(path).then(
    () => true,
    () => false, // a system that keeps the names of open files
  )
  return {
    write: (...what) => handle.write(...what),
    read: (...what) => handle.read(...what),
    async remove() {
      await handle.close()
      if (!isUnlinked) await unlink(path)
    },
  }
}
