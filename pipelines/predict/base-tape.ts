/** Remembers what was read until the values for it are there: the model reads ahead of what it gives. */
export class BaseTape {
  #pieces: Uint8Array[] = []
  /** Offset of `pieces[0][0]` in what was recorded. */
  #offset = 0

  /** Hands the pieces of `source` on and keeps them. */
  async *record(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      this.#pieces.push(piece)
      yield piece
    }
  }

  /**
   * `length` letters from `from` on, to be read only: they may be part of what was recorded. What lies before their end is
   * forgotten, so `from` must ascend.
   */
  take(from: number, length: number): Uint8Array {
    const end = from + length
    while (this.#pieces.length > 0 && this.#offset + this.#pieces[0].length <= from)
      this.#offset += this.#pieces.shift()!.length
    const first = this.#pieces[0]
    if (first && this.#offset <= from && end <= this.#offset + first.length)
      return first.subarray(from - this.#offset, end - this.#offset)
    const out = new Uint8Array(length)
    while (this.#pieces.length > 0) {
      const piece = this.#pieces[0]
      const pieceEnd = this.#offset + piece.length
      const start = Math.max(from, this.#offset)
      const stop = Math.min(end, pieceEnd)
      if (start < stop) out.set(piece.subarray(start - this.#offset, stop - this.#offset), start - from)
      if (pieceEnd > end) break
      this.#pieces.shift()
      this.#offset = pieceEnd
    }
    return out
  }
}
