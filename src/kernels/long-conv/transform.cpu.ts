import type { WasmScratch } from '../cpu/wasm.ts'
import type { LongConvPlan } from './plan.ts'
import { levelsOf, rightAngle, twiddleTables } from './twiddles.ts'

/** Exports of long-conv.as.ts. */
export interface LongConvExports {
  setLevels(address: number, levelCount: number, blockPoints: number): void
  convolveNode(p: number, points: number, level: number, node: number, leaf: number, rowRe: number, rowIm: number, spectrum: number, skip: number): void
  spectrumOfNode(p: number, points: number, level: number, node: number, leaf: number, rowRe: number, rowIm: number, spectrum: number, scale: number): void
  forwardColumns(p: number, pitch: number, rows: number, columnBytes: number, tile: number, columnLevels: number, real: number): void
  inverseColumns(p: number, pitch: number, rows: number, columnBytes: number, tile: number, columnLevels: number, real: number): void
  multiply(y: number, x: number, count: number): void
  move(to: number, from: number, bytes: number): void
  direct(y: number, x: number, taps: number, filterLength: number, count: number): void
}

/** One channel's signal x: `history` at -history.length .. -1, then `input` (times `pre`) from 0; zero elsewhere. */
export interface Signal {
  readonly history: Float32Array
  readonly input: Float32Array
  readonly pre: Float32Array | undefined
}

/** Floats copied or multiplied at a time outside the transform. */
const pieceLength = 8192
/** Columns of one tile: two cache lines. */
const tileColumns = 32
const blockPoints = 1024
/** GAP of fft.lib.as.ts: bytes from the real to the imaginary plane. */
const planeGap = 2 ** 26 + 2 ** 20 + 2112

/** Copies between the tensors and this worker's WASM memory. */
export class Mover {
  readonly exports: LongConvExports
  readonly heap: Float32Array
  readonly #temporary: number

  /** `temporary`: address of pieceLength + 16 floats. */
  constructor(exports: LongConvExports, heap: Float32Array, temporary: number) {
    this.exports = exports
    this.heap = heap
    this.#temporary = temporary
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

  /** post * values at an address, to y[start ..]; the values are overwritten. */
  store(y: Float32Array, start: number, address: number, count: number, post: Float32Array | undefined): void {
    if (post) this.gate(address, post, start, count)
    this.copyOut(y, start, address, count)
  }
}

/** One worker's place for the transforms of one plan; see twiddles.ts for what they compute. */
export class CpuTransform {
  readonly size: number
  readonly rowCount: number
  readonly rowPoints: number
  readonly mover: Mover
  readonly #exports: LongConvExports
  readonly #columnLevelCount: number
  readonly #rowConstants: Float32Array
  readonly #leaf: number
  readonly #tile: number
  readonly #spectrumRow: number
  readonly #planes: number
  readonly #pitch: number
  readonly #realColumns: boolean

  constructor(scratch: WasmScratch<LongConvExports>, plan: LongConvPlan) {
    const { factors } = plan
    const { levels, columnLevelCount } = levelsOf(factors)
    const tables = twiddleTables(factors, rightAngle)
    this.#exports = scratch.exports
    this.#columnLevelCount = columnLevelCount
    this.#rowConstants = tables.rows
    this.size = plan.fftSize / 2
    this.rowPoints = factors.at(-1)!
    this.rowCount = this.size / this.rowPoints
    // Rows a power of two apart would all fall into the same cache sets.
    this.#pitch = this.rowCount === 1 ? this.rowPoints * 4 : this.rowPoints * 4 + 64
    this.#realColumns = columnLevelCount > 0 && levels[0]!.radix % 2 === 0
    scratch.reset()
    const descriptors = scratch.allocate(2 * levels.length)
    const tableAddresses = tables.levels.map((table) => scratch.allocate(table.length))
    this.#leaf = scratch.allocate(tables.leaf.length)
    const temporary = scratch.allocate(pieceLength + 16)
    this.#spectrumRow = scratch.allocate(2 * this.rowPoints)
    // Real planes of the tile and of the block; their imaginary planes lie planeGap beyond.
    this.#tile = scratch.allocate(this.rowCount * tileColumns)
    this.#planes = scratch.allocate((planeGap + this.rowCount * this.#pitch) >> 2)
    const heap = scratch.floats(0, (this.#planes + planeGap + this.rowCount * this.#pitch) >> 2)
    this.mover = new Mover(scratch.exports, heap, temporary)
    const words = new Int32Array(heap.buffer, descriptors, 2 * levels.length)
    levels.forEach(({ radix }, l) => {
      words[2 * l] = radix
      words[2 * l + 1] = tableAddresses[l] ?? 0
    })
    tables.levels.forEach((table, l) => { heap.set(table, tableAddresses[l]! >> 2) })
    heap.set(tables.leaf, this.#leaf >> 2)
    scratch.exports.setLevels(descriptors, levels.length, blockPoints)
  }

  /** Reads x[position, position + count) into the block's start, zeros behind. Gives whether the second half is all zeros and was left out. */
  load(signal: Signal, position: number, count: number): boolean {
    const real = this.#realColumns && count <= this.size
    for (let half = 0; half < (real ? 1 : 2); half++) {
      for (let r = 0; r < this.rowCount; r++) {
        const p = half * this.size + r * this.rowPoints
        const n = Math.max(0, Math.min(this.rowPoints, count - p))
        const address = this.#planes + half * planeGap + r * this.#pitch
        if (n > 0) this.mover.load(address, signal, position + p, n)
        if (n < this.rowPoints) this.mover.heap.fill(0, (address >> 2) + n, (address >> 2) + this.rowPoints)
      }
    }
    return real
  }

  #columns(forward: boolean, real: boolean): void {
    const run = forward ? this.#exports.forwardColumns : this.#exports.inverseColumns
    const columns = Math.min(tileColumns, this.rowPoints)
    for (let c = 0; c < this.rowPoints; c += columns) {
      run(this.#planes + 4 * c, this.#pitch, this.rowCount, 4 * columns, this.#tile, this.#columnLevelCount, real ? 1 : 0)
    }
  }

  /** What load placed becomes its (nega)cyclic product with the filter whose spectrum stands at spectra[start ..], plus skip times itself. */
  convolve(spectra: Float32Array, start: number, skip: number, realInput: boolean, realOutput: boolean): void {
    if (this.rowCount > 1) this.#columns(true, realInput)
    const { heap } = this.mover
    for (let r = 0; r < this.rowCount; r++) {
      const from = start + r * 2 * this.rowPoints
      heap.set(spectra.subarray(from, from + 2 * this.rowPoints), this.#spectrumRow >> 2)
      this.#exports.convolveNode(
        this.#planes + r * this.#pitch, this.rowPoints, this.#columnLevelCount, r, this.#leaf,
        this.#rowConstants[2 * r]!, this.#rowConstants[2 * r + 1]!, this.#spectrumRow, skip / this.size,
      )
    }
    if (this.rowCount > 1) this.#columns(false, realOutput && this.#realColumns)
  }

  /** The spectrum of what load placed, scaled so that `convolve` needs no scaling. */
  spectrum(spectra: Float32Array, start: number, realInput: boolean): void {
    if (this.rowCount > 1) this.#columns(true, realInput)
    const { heap } = this.mover
    for (let r = 0; r < this.rowCount; r++) {
      this.#exports.spectrumOfNode(
        this.#planes + r * this.#pitch, this.rowPoints, this.#columnLevelCount, r, this.#leaf,
        this.#rowConstants[2 * r]!, this.#rowConstants[2 * r + 1]!, this.#spectrumRow, 1 / this.size,
      )
      spectra.set(heap.subarray(this.#spectrumRow >> 2, (this.#spectrumRow >> 2) + 2 * this.rowPoints), start + r * 2 * this.rowPoints)
    }
  }

  /** post * block[position, position + count) to y[start ..]. */
  store(y: Float32Array, start: number, position: number, count: number, post: Float32Array | undefined): void {
    for (let done = 0; done < count; ) {
      const p = position + done
      const half = p >= this.size ? 1 : 0
      const r = Math.floor((p - half * this.size) / this.rowPoints)
      const column = p - half * this.size - r * this.rowPoints
      const n = Math.min(count - done, this.rowPoints - column)
      this.mover.store(y, start + done, this.#planes + half * planeGap + r * this.#pitch + 4 * column, n, post)
      done += n
    }
  }

  /** Places taps with tap `centerTap` at position 0; those before it wrap to the block's end, negated (X^2N = -1). */
  loadTaps(taps: Float32Array, centerTap: number): boolean {
    const real = this.load({ history: none, input: taps, pre: undefined }, centerTap, taps.length - centerTap)
    if (centerTap === 0) return real
    if (real) this.#clearSecondHalf()
    for (let j = 0; j < centerTap; j++) this.mover.heap[this.#at(2 * this.size - centerTap + j)] = -taps[j]!
    return false
  }

  #at(position: number): number {
    const half = position >= this.size ? 1 : 0
    const p = position - half * this.size
    const r = Math.floor(p / this.rowPoints)
    return (this.#planes + half * planeGap + r * this.#pitch + 4 * (p - r * this.rowPoints)) >> 2
  }

  #clearSecondHalf(): void {
    const from = (this.#planes + planeGap) >> 2
    this.mover.heap.fill(0, from, from + ((this.rowCount * this.#pitch) >> 2))
  }
}

const none = new Float32Array(0)
