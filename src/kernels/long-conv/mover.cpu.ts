import type { LongConvExports } from '../generated/long-conv.wasm.ts'

/** One channel's signal x: `history` at -history.length .. -1, then `input` (times `pre`) from 0; zero elsewhere. */
export interface Signal {
  readonly history: Float32Array
  readonly input: Float32Array
  readonly pre: Float32Array | undefined
}

/** Floats copied or multiplied at a time outside the transform. */
const pieceLength = 8192
/** Scratch a mover needs. */
export const moverFloats = 2 * (pieceLength + 16)

/** Copies between the tensors and this worker's WASM memory. */
export class Mover {
  readonly exports: LongConvExports
  readonly heap: Float32Array
  readonly #temporary: number
  readonly #second: number

  /** `temporary`: address of moverFloats floats. */
  constructor(exports: LongConvExports, heap: Float32Array, temporary: number) {
    this.exports = exports
    this.heap = heap
    this.#temporary = temporary
    this.#second = temporary + 4 * (pieceLength + 16)
  }

  /** from[start, start + count) to an address; copies are fast only where both sides agree modulo 8 bytes. */
  copyIn(address: number, from: Float32Array, start: number, count: number): void {
    const parity = ((from.byteOffset >> 2) + start) & 1
    if (((address >> 2) & 1) === parity) {
      this.heap.set(from.subarray(start, start + count), address >> 2)
      return
    }
    for (let i = 0; i < count; i += pieceLength) {
      const n = Math.min(pieceLength, count - i)
      const there = this.#temporary + 4 * parity
      this.heap.set(from.subarray(start + i, start + i + n), there >> 2)
      this.exports.move(address + 4 * i, there, 4 * n)
    }
  }

  copyOut(to: Float32Array, start: number, address: number, count: number): void {
    const parity = ((to.byteOffset >> 2) + start) & 1
    if (((address >> 2) & 1) === parity) {
      to.set(this.heap.subarray(address >> 2, (address >> 2) + count), start)
      return
    }
    for (let i = 0; i < count; i += pieceLength) {
      const n = Math.min(pieceLength, count - i)
      const there = this.#temporary + 4 * parity
      this.exports.move(there, address + 4 * i, 4 * n)
      to.set(this.heap.subarray(there >> 2, (there >> 2) + n), start + i)
    }
  }

  /** Multiplies `count` values at an address by factors[start ..]; up to three values behind them are overwritten. */
  gate(address: number, factors: Float32Array, start: number, count: number): void {
    for (let i = 0; i < count; i += pieceLength) {
      const n = Math.min(pieceLength, count - i)
      const parity = ((factors.byteOffset >> 2) + start + i) & 1
      const there = this.#temporary + 4 * parity
      this.heap.set(factors.subarray(start + i, start + i + n), there >> 2)
      if (n % 4 !== 0) this.heap.fill(1, (there >> 2) + n, (there >> 2) + n + 3)
      this.exports.multiply(address + 4 * i, there, n)
    }
  }

  /** x[position, position + count) to an address; 3 floats behind it may be overwritten. */
  load(address: number, signal: Signal, position: number, count: number): void {
    const { history, input, pre } = signal
    let at = address
    let p = position
    const end = position + count
    const zeros = Math.min(end, -history.length) - p
    if (zeros > 0) {
      this.heap.fill(0, at >> 2, (at >> 2) + zeros)
      at += 4 * zeros
      p += zeros
    }
    const past = Math.min(end, 0) - p
    if (past > 0) {
      this.copyIn(at, history, history.length + p, past)
      at += 4 * past
      p += past
    }
    const now = Math.min(end, input.length) - p
    if (now > 0) {
      this.copyIn(at, input, p, now)
      if (pre) this.gate(at, pre, p, now)
      at += 4 * now
      p += now
    }
    if (end > p) this.heap.fill(0, at >> 2, (at >> 2) + end - p)
  }

  /** values at an address += factor * x[position, position + count). */
  addScaled(address: number, signal: Signal, position: number, count: number, factor: number): void {
    for (let i = 0; i < count; i += pieceLength) {
      const n = Math.min(pieceLength, count - i)
      this.load(this.#second, signal, position + i, n)
      this.heap.fill(0, (this.#second >> 2) + n, (this.#second >> 2) + n + 3)
      this.exports.addScaled(address + 4 * i, this.#second, factor, n)
    }
  }

  /** post * values at an address, to y[start ..]; the values are overwritten. */
  store(y: Float32Array, start: number, address: number, count: number, post: Float32Array | undefined): void {
    if (post) this.gate(address, post, start, count)
    this.copyOut(y, start, address, count)
  }
}
