import type { ByteSource } from './byte-source.ts'

/** Random access to the uncompressed bytes of a plain or BGZF file. */
export interface DataReader {
  readonly dataBytes: number
  /** Data bytes [position, position + length), fewer only at the end. They may be a view of what is cached: not to be changed. */
  read(length: number, position: number, signal?: AbortSignal): Promise<Uint8Array>
}

export function plainReader(source: ByteSource): DataReader {
  return { dataBytes: source.byteCount as number, read: source.read }
}

/** Keeps the last stretch read, so that many small reads in ascending order cost few large ones. */
export function bufferedReader(reader: DataReader): DataReader {
  const windowBytes = 1 << 17
  let window: Uint8Array = new Uint8Array(0)
  let windowStart = 0
  return {
    dataBytes: reader.dataBytes,
    async read(length, position, signal) {
      if (length > windowBytes) return reader.read(length, position, signal)
      if (position < windowStart || position + length > windowStart + window.length) {
        window = await reader.read(windowBytes, position, signal)
        windowStart = position
      }
      return window.subarray(position - windowStart, position - windowStart + length)
    },
  }
}
