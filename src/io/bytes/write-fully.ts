import type { FileHandle } from 'node:fs/promises'

/** Systems allow 1,024 buffers a call. */
const mostBuffers = 512

/**
 * Writes all of `chunks`: one `writev` may write less than it was given. Without `position`: where the file stands.
 * Gives the bytes written.
 */
export async function writeFully(
  handle: FileHandle,
  chunks: readonly Uint8Array[],
  position?: number,
): Promise<number> {
  let total = 0
  for (let from = 0; from < chunks.length; from += mostBuffers) {
    let rest = chunks.slice(from, from + mostBuffers)
    while (rest.length > 0) {
      let { bytesWritten } = await handle.writev(rest, position === undefined ? undefined : position + total)
      total += bytesWritten
      let whole = 0
      while (whole < rest.length && bytesWritten >= rest[whole].byteLength) bytesWritten -= rest[whole++].byteLength
      rest = rest.slice(whole)
      if (rest.length > 0) rest[0] = rest[0].subarray(bytesWritten)
    }
  }
  return total
}
