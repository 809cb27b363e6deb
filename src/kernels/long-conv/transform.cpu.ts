import type { WasmScratch } from '../cpu/wasm.ts'
import type { LongConvExports } from '../generated/long-conv.wasm.ts'
import { Mover, moverFloats, type Signal } from './mover.cpu.ts'
import { keptBlocks, type TransformPlan } from './plan.ts'
import { levelsOf, rightAngle, rowFrequencies, twiddleTables } from './twiddles.ts'

/** What of a plan decides how the transform lies in memory. */
export type TransformShape = Pick<TransformPlan, 'fftSize' | 'factors' | 'keepSpectra' | 'frequencySparsity'>

/** Measured on a Zen 3 (512 KiB of L2 a core); see docs/adr. */
export interface CpuTuning {
  /** Columns of one tile: runs of memory long enough for prefetching. */
  readonly tileColumns: number
  /** Points of a tile at most: it stays within L2. */
  readonly tilePoints: number
  /** Points that are transformed level by level: they stay within L1. */
  readonly blockPoints: number
}
const measuredTuning: CpuTuning = { tileColumns: 512, tilePoints: 16384, blockPoints: 1024 }

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
  readonly #tileColumns: number
  readonly #spectrumRow: number
  readonly #planes: number
  /** Bytes from the real to the imaginary plane. */
  readonly #planeGap: number
  readonly #pitch: number
  readonly #realColumns: boolean
  /** Rows (blocks of the spectrum) that are computed, ascending; the others are left out of the filter and so of the product. */
  readonly #keptRows: readonly number[]
  /** Whether the column steps know which rows are left out; else those rows are set to zero between them. */
  readonly #prunesColumns: boolean
  /** A whole spectrum of this worker's own, where the plan keeps none; else 0. */
  readonly #ownSpectrum: number

  constructor(scratch: WasmScratch<LongConvExports>, plan: TransformShape, tuning: CpuTuning = measuredTuning) {
    const { factors } = plan
    const { levels, columnLevelCount } = levelsOf(factors)
    const tables = twiddleTables(factors, rightAngle)
    this.#exports = scratch.exports
    this.#planeGap = scratch.exports.planeGap.value
    this.#columnLevelCount = columnLevelCount
    this.#rowConstants = tables.rows
    this.size = plan.fftSize / 2
    this.rowPoints = factors.at(-1)!
    this.rowCount = this.size / this.rowPoints
    // Rows a power of two apart would all fall into the same cache sets.
    this.#pitch = this.rowCount === 1 ? this.rowPoints * 4 : this.rowPoints * 4 + 64
    this.#realColumns = columnLevelCount > 0 && levels[0].radix % 2 === 0
    const kept = keptBlocks(plan)
    const isKept = [...rowFrequencies(factors)].map((f) => f < kept)
    this.#keptRows = isKept.flatMap((is, r) => (is ? [r] : []))
    // The most significant digit of f1 is the last column level's, so those kept of its children are the first.
    this.#prunesColumns =
      this.#keptRows.length < this.rowCount && columnLevelCount > 1 && levels[columnLevelCount - 1].radix === 4
    scratch.reset()
    const descriptors = scratch.allocate(2 * levels.length)
    const tableAddresses = tables.levels.map((table) => scratch.allocate(table.length))
    this.#leaf = scratch.allocate(tables.leaf.length)
    const keptChildren = this.#prunesColumns ? scratch.allocate(this.rowCount / 16 + 1) : 0
    const temporary = scratch.allocate(moverFloats)
    this.#spectrumRow = scratch.allocate(2 * this.rowPoints)
    this.#ownSpectrum = plan.keepSpectra ? 0 : scratch.allocate(2 * this.rowPoints * this.#keptRows.length)
    // Real planes of the tile and of the block; their imaginary planes lie planeGap beyond.
    this.#tileColumns = tileColumnsFor(this.rowCount, this.rowPoints, tuning)
    this.#tile = scratch.allocate(this.rowCount * this.#tileColumns)
    this.#planes = scratch.allocate(((this.#planeGap + this.rowCount * this.#pitch) >> 2) + 16)
    const heap = scratch.floats(0, (this.#planes + this.#planeGap + this.rowCount * this.#pitch) >> 2)
    this.mover = new Mover(scratch.exports, heap, temporary)
    const words = new Int32Array(heap.buffer, descriptors, 2 * levels.length)
    levels.forEach(({ radix }, l) => {
      words[2 * l] = radix
      words[2 * l + 1] = tableAddresses[l] ?? 0
    })
    tables.levels.forEach((table, l) => {
      heap.set(table, tableAddresses[l] >> 2)
    })
    heap.set(tables.leaf, this.#leaf >> 2)
    if (keptChildren) {
      const counts = new Uint8Array(heap.buffer, keptChildren, this.rowCount / 4).fill(0)
      isKept.forEach((is, r) => {
        if (is) counts[r >> 2] += 1
      })
    }
    scratch.exports.setKeptChildren(keptChildren)
    scratch.exports.setLevels(descriptors, levels.length, tuning.blockPoints)
  }

  /** Reads x[position, position + count) into the block's start, zeros behind. Gives whether the second half is all zeros and was left out. */
  load(signal: Signal, position: number, count: number): boolean {
    const real = this.#realColumns && count <= this.size
    for (let half = 0; half < (real ? 1 : 2); half++) {
      for (let r = 0; r < this.rowCount; r++) {
        const p = half * this.size + r * this.rowPoints
        const n = Math.max(0, Math.min(this.rowPoints, count - p))
        const address = this.#planes + half * this.#planeGap + r * this.#pitch
        if (n > 0) this.mover.load(address, signal, position + p, n)
        if (n < this.rowPoints) this.mover.heap.fill(0, (address >> 2) + n, (address >> 2) + this.rowPoints)
      }
    }
    return real
  }

  #columns(forward: boolean, real: boolean): void {
    const run = forward ? this.#exports.forwardColumns : this.#exports.inverseColumns
    const columns = this.#tileColumns
    for (let c = 0; c < this.rowPoints; c += columns) {
      run(
        this.#planes + 4 * c,
        this.#pitch,
        this.rowCount,
        4 * columns,
        this.#tile,
        this.#columnLevelCount,
        real ? 1 : 0,
      )
    }
  }

  /** Floats of one channel's spectrum. */
  get spectrumFloats(): number {
    return 2 * this.rowPoints * this.#keptRows.length
  }

  #row(
    r: number,
  ): [p: number, points: number, level: number, node: number, leaf: number, rowRe: number, rowIm: number] {
    const constants = this.#rowConstants
    return [
      this.#planes + r * this.#pitch,
      this.rowPoints,
      this.#columnLevelCount,
      r,
      this.#leaf,
      constants[2 * r],
      constants[2 * r + 1],
    ]
  }

  /**
   * What load placed becomes its negacyclic product with a filter, plus `skip` times itself. The filter's spectrum stands
   * at spectra[start ..], or is the one made last by ownSpectrum.
   */
  convolve(
    spectra: Float32Array | undefined,
    start: number,
    skip: number,
    realInput: boolean,
    realOutput: boolean,
  ): void {
    if (this.rowCount > 1) this.#columns(true, realInput)
    const { heap } = this.mover
    const rowFloats = 2 * this.rowPoints
    let next = 0
    this.#keptRows.forEach((r, i) => {
      this.#clearRows(next, r)
      next = r + 1
      if (spectra)
        heap.set(spectra.subarray(start + i * rowFloats, start + (i + 1) * rowFloats), this.#spectrumRow >> 2)
      this.#exports.convolveNode(
        ...this.#row(r),
        spectra ? this.#spectrumRow : this.#ownSpectrum + 4 * i * rowFloats,
        skip / this.size,
      )
    })
    this.#clearRows(next, this.rowCount)
    if (this.rowCount > 1) this.#columns(false, realOutput && this.#realColumns)
  }

  /** The product in the rows that are left out is zero. */
  #clearRows(from: number, to: number): void {
    if (this.#prunesColumns) return
    for (let r = from; r < to; r++) {
      for (const plane of [this.#planes, this.#planes + this.#planeGap]) {
        const at = (plane + r * this.#pitch) >> 2
        this.mover.heap.fill(0, at, at + this.rowPoints)
      }
    }
  }

  /** The spectrum of what loadTaps placed goes to spectra[start ..], scaled so that `convolve` needs no scaling. */
  spectrum(spectra: Float32Array, start: number, realInput: boolean): void {
    if (this.rowCount > 1) this.#columns(true, realInput)
    this.#keptRows.forEach((r, i) => {
      this.#exports.spectrumOfNode(...this.#row(r), this.#spectrumRow, 1 / this.size)
      const row = this.mover.heap.subarray(this.#spectrumRow >> 2, (this.#spectrumRow >> 2) + 2 * this.rowPoints)
      spectra.set(row, start + i * row.length)
    })
  }

  /** The same, kept in this worker's scratch for the convolutions that follow. */
  ownSpectrum(realInput: boolean): void {
    if (this.rowCount > 1) this.#columns(true, realInput)
    this.#keptRows.forEach((r, i) => {
      this.#exports.spectrumOfNode(...this.#row(r), this.#ownSpectrum + 8 * i * this.rowPoints, 1 / this.size)
    })
  }

  /**
   * post * (block[position, position + count) + skip * x) to y[start ..], x the signal at its own positions center .. :
   * for plans that leave blocks out, whose product does not hold x itself.
   */
  store(
    y: Float32Array,
    start: number,
    position: number,
    count: number,
    post: Float32Array | undefined,
    skip = 0,
    signal?: Signal,
    center = 0,
  ): void {
    for (let done = 0; done < count; ) {
      const p = position + done
      const half = p >= this.size ? 1 : 0
      const r = Math.floor((p - half * this.size) / this.rowPoints)
      const column = p - half * this.size - r * this.rowPoints
      const n = Math.min(count - done, this.rowPoints - column)
      const address = this.#planes + half * this.#planeGap + r * this.#pitch + 4 * column
      if (skip !== 0 && signal) this.mover.addScaled(address, signal, center + done, n, skip)
      this.mover.store(y, start + done, address, n, post)
      done += n
    }
  }

  /** Places taps with tap `centerTap` at position 0; those before it wrap to the block's end, negated (X^2N = -1). */
  loadTaps(taps: Float32Array, centerTap: number): boolean {
    const real = this.load({ history: none, input: taps, pre: undefined }, centerTap, taps.length - centerTap)
    if (centerTap === 0) return real
    if (real) this.#clearSecondHalf()
    for (let j = 0; j < centerTap; j++) this.mover.heap[this.#at(2 * this.size - centerTap + j)] = -taps[j]
    return false
  }

  #at(position: number): number {
    const half = position >= this.size ? 1 : 0
    const p = position - half * this.size
    const r = Math.floor(p / this.rowPoints)
    return (this.#planes + half * this.#planeGap + r * this.#pitch + 4 * (p - r * this.rowPoints)) >> 2
  }

  #clearSecondHalf(): void {
    const from = (this.#planes + this.#planeGap) >> 2
    this.mover.heap.fill(0, from, from + ((this.rowCount * this.#pitch) >> 2))
  }
}

const none = new Float32Array(0)

/** A divisor of the row, a multiple of 16. */
function tileColumnsFor(rowCount: number, rowPoints: number, { tileColumns, tilePoints }: CpuTuning): number {
  let columns = 16
  while (columns < tileColumns && 2 * columns * rowCount <= tilePoints && rowPoints % (2 * columns) === 0) columns *= 2
  return columns
}
