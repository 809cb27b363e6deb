import { FormatError } from '../../errors.ts'

/** Bounds-checked little-endian reads; never goes backwards. */
export class PickleReader {
  offset = 0
  readonly #bytes: Uint8Array
  readonly #where: string
  readonly #decoder = new TextDecoder()

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes
    this.#where = where
  }

  /** Moves past the next bytes. @returns where they start */
  #advance(byteCount: number): number {
    const start = this.offset
    if (byteCount > this.#bytes.length - start) {
      throw new FormatError({
        where: `${this.#where} offset ${start}`,
        what: 'truncated pickle',
        expected: `${byteCount} more bytes`,
        got: `${this.#bytes.length - start}`,
      })
    }
    this.offset += byteCount
    return start
  }

  /** A copy of the next bytes. */
  take(byteCount: number): Uint8Array<ArrayBuffer> {
    const start = this.#advance(byteCount)
    return this.#bytes.slice(start, start + byteCount)
  }

  uint(byteCount: 1 | 2 | 4 | 8): number {
    const start = this.#advance(byteCount)
    let value = 0
    for (let i = start + byteCount - 1; i >= start; i--) value = value * 256 + this.#bytes[i]
    return value
  }

  /** Two's complement; as number where exact, else bigint (random generator states), which nothing here uses. */
  longInteger(byteCount: number): number | bigint {
    if (byteCount > 64) {
      throw new FormatError({
        where: `${this.#where} offset ${this.offset}`,
        what: 'integer too long',
        expected: 'at most 64 bytes',
        got: `${byteCount}`,
      })
    }
    const bytes = this.take(byteCount)
    let value = 0n
    for (let i = byteCount - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i])
    value = BigInt.asIntN(8 * byteCount, value)
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
  }

  bigEndianFloat64(): number {
    return new DataView(this.take(8).buffer).getFloat64(0)
  }

  text(byteCount: number): string {
    const start = this.#advance(byteCount)
    return this.#decoder.decode(this.#bytes.subarray(start, start + byteCount))
  }

  line(): string {
    const end = this.#bytes.indexOf(10, this.offset)
    const text = this.text((end < 0 ? this.#bytes.length + 1 : end) - this.offset)
    this.offset++
    return text
  }
}
