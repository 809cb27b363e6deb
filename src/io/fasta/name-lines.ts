/** Slots of the first table; a power of two. */
const FIRST_SLOTS = 1024
/** UTF-16 units of a name become at most so many bytes of UTF-8. */
const MOST_BYTES_PER_UNIT = 3

/**
 * The line in which each name of a file stands first, for files of millions of records: names lie one after the other in one
 * buffer, found by a table of hashes (open addressing, linear probing), so that a name takes its bytes and 30 more, and the
 * garbage collector has nothing to walk through.
 */
export class NameLines {
  readonly #encoder = new TextEncoder()
  #bytes = new Uint8Array(1 << 14)
  /** Of each name: where its bytes end, and its line. */
  #ends = new Float64Array(FIRST_SLOTS / 2)
  #lines = new Float64Array(FIRST_SLOTS / 2)
  #count = 0
  /** Numbers of names, from 1; 0 where there is none. */
  #slots = new Uint32Array(FIRST_SLOTS)

  /** Notes `line` for a new name; for one that is there gives the line that was noted. */
  add(name: string, line: number): number | undefined {
    const start = this.#startOf(this.#count)
    this.#bytes = grown(this.#bytes, start + MOST_BYTES_PER_UNIT * name.length)
    const end = start + this.#encoder.encodeInto(name, this.#bytes.subarray(start)).written
    const slot = this.#find(start, end)
    const found = this.#slots[slot]
    if (found > 0) return this.#lines[found - 1]
    this.#ends = grown(this.#ends, this.#count + 1)
    this.#lines = grown(this.#lines, this.#count + 1)
    this.#ends[this.#count] = end
    this.#lines[this.#count] = line
    this.#slots[slot] = ++this.#count
    if (2 * this.#count > this.#slots.length) this.#rehash()
    return undefined
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]
  }

  /** The slot of the name whose bytes are `[start, end)`, or the free one where it belongs. */
  #find(start: number, end: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash(this.#bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]
      if (number === 0 || this.#isSame(number - 1, start, end)) return slot
    }
  }

  #isSame(index: number, start: number, end: number): boolean {
    const from = this.#startOf(index)
    if (this.#ends[index] - from !== end - start) return false
    for (let i = 0; i < end - start; i++) if (this.#bytes[from + i] !== this.#bytes[start + i]) return false
    return true
  }

  #rehash(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length)
    for (let i = 0; i < this.#count; i++) this.#slots[this.#find(this.#startOf(i), this.#ends[i])] = i + 1
  }
}

/** FNV-1a of 32 bits, its high bits mixed into the low ones, by which slots are chosen. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let i = start; i < end; i++) value = Math.imul(value ^ bytes[i], 0x01000193)
  return (value ^ (value >>> 15)) >>> 0
}

/** The array itself, or a copy with room for `length` elements. */
function grown<T extends Uint8Array | Float64Array>(array: T, length: number): T {
  if (length <= array.length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  larger.set(array)
  return larger
}
