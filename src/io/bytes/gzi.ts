import { StaleIndex } from './stale-index.ts'

/**
 * The `.gzi` index of bgzip as a table: entry i says that data from `dataOffsets[i]` on begins in the BGZF block at
 * `compressedOffsets[i]`. Entry 0 is (0, 0), which the file format leaves out, as it leaves out blocks without data.
 */
export interface Gzi {
  readonly compressedOffsets: Float64Array
  readonly dataOffsets: Float64Array
}

const ENTRY_BYTES = 16

export function formatGzi({ compressedOffsets, dataOffsets }: Gzi): Uint8Array {
  const count = compressedOffsets.length - 1
  const bytes = new Uint8Array(8 + count * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(count), true)
  for (let i = 0; i < count; i++) {
    view.setBigUint64(8 + i * ENTRY_BYTES, BigInt(compressedOffsets[i + 1]), true)
    view.setBigUint64(16 + i * ENTRY_BYTES, BigInt(dataOffsets[i + 1]), true)
  }
  return bytes
}

/** Parses a `.gzi`; StaleIndex if its size does not fit its count or its offsets do not ascend. */
export function parseGzi(bytes: Uint8Array): Gzi {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bytes.length < 8 ? -1 : (bytes.length - 8) / ENTRY_BYTES
  if (count < 0 || view.getBigUint64(0, true) !== BigInt(Math.floor(count)) || !Number.isInteger(count)) {
    throw new StaleIndex('its size does not fit the number of entries it gives')
  }
  const compressedOffsets = new Float64Array(count + 1)
  const dataOffsets = new Float64Array(count + 1)
  for (let i = 1; i <= count; i++) {
    compressedOffsets[i] = Number(view.getBigUint64(8 + (i - 1) * ENTRY_BYTES, true))
    dataOffsets[i] = Number(view.getBigUint64(16 + (i - 1) * ENTRY_BYTES, true))
    if (compressedOffsets[i] <= compressedOffsets[i - 1] || dataOffsets[i] < dataOffsets[i - 1]) {
      throw new StaleIndex(`entry ${i} does not come after the one before it`)
    }
  }
  if (!Number.isSafeInteger(compressedOffsets[count]) || !Number.isSafeInteger(dataOffsets[count])) {
    throw new StaleIndex('its offsets are larger than any file')
  }
  return { compressedOffsets, dataOffsets }
}

/** Index of the last entry whose `offsets` value is at most `offset`. */
export function findEntry(offsets: Float64Array, offset: number): number {
  let low = 0
  let high = offsets.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (offsets[middle] <= offset) low = middle
    else high = middle
  }
  return low
}

/** Collects the table while a file's blocks pass by in order. */
export class GziBuilder {
  #compressedOffsets: number[] = []
  #dataOffsets: number[] = []
  #dataBytes = 0

  add(compressedOffset: number, dataBytes: number): void {
    if (dataBytes === 0) return
    this.#compressedOffsets.push(compressedOffset)
    this.#dataOffsets.push(this.#dataBytes)
    this.#dataBytes += dataBytes
  }

  finish(): Gzi {
    const compressedOffsets = Float64Array.from(this.#compressedOffsets.length > 0 ? this.#compressedOffsets : [0])
    compressedOffsets[0] = 0 // the first block with data may stand after empty ones: these are skipped in reading
    return { compressedOffsets, dataOffsets: Float64Array.from(this.#dataOffsets.length > 0 ? this.#dataOffsets : [0]) }
  }
}
