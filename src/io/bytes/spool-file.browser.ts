import type { SpoolFile } from './spool-file.ts'

const pageBytes = 1 << 20

/** A browser has no temporary files: what does not fit stays in memory all the same, in pages that are never copied. */
export async function openSpoolFile(): Promise<SpoolFile> {
  const pages = new Map<number, Uint8Array>()
  /** The page at `offset`, and what it and `length` have in common. */
  const part = (offset: number, length: number): { page: Uint8Array; from: number; count: number } => {
    const index = Math.floor(offset / pageBytes)
    const page = pages.get(index) ?? new Uint8Array(pageBytes)
    pages.set(index, page)
    const from = offset - index * pageBytes
    return { page, from, count: Math.min(length, pageBytes - from) }
  }
  return {
    async write(bytes, start, length, offset) {
      const { page, from, count } = part(offset, length)
      page.set(bytes.subarray(start, start + count), from)
      return { bytesWritten: count }
    },
    async read(out, start, length, offset) {
      const { page, from, count } = part(offset, length)
      out.set(page.subarray(from, from + count), start)
      return { bytesRead: count }
    },
    async remove() {
      pages.clear()
    },
  }
}
