/** Numbers one after the other, little-endian, in a buffer of a size that is known beforehand. */
export class LittleEndianWriter {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  #at = 0

  constructor(byteLength: number) {
    this.bytes = new Uint8Array(byteLength)
    this.#view = new DataView(this.bytes.buffer)
  }

  uint8(value: number): this {
    this.#view.setUint8(this.#take(1), value)
    return this
  }

  uint16(value: number): this {
    this.#view.setUint16(this.#take(2), value, true)
    return this
  }

  uint32(...values: readonly number[]): this {
    for (const value of values) this.#view.setUint32(this.#take(4), value, true)
    return this
  }

  /** Up to 2^53. */
  uint64(...values: readonly number[]): this {
    for (const value of values) this.#view.setBigUint64(this.#take(8), BigInt(value), true)
    return this
  }

  float32(...values: readonly number[]): this {
    for (const value of values) this.#view.setFloat32(this.#take(4), value, true)
    return this
  }

  float64(...values: readonly number[]): this {
    for (const value of values) this.#view.setFloat64(this.#take(8), value, true)
    return this
  }

  /** `text` and zeros, `byteLength` in all. */
  padded(text: Uint8Array, byteLength: number): this {
    this.bytes.set(text, this.#take(byteLength))
    return this
  }

  #take(byteLength: number): number {
    const at = this.#at
    this.#at += byteLength
    return at
  }
}
