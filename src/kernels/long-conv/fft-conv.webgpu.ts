import { fftConv, fftConvParts } from '../generated/wgsl.ts'
import type { GpuContext, GpuTensor, GpuWeights } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'
import { keptBlocks, type TransformPlan } from './plan.ts'
import { columnLanes, exchangesWhole, valuesPerThread } from './plan.webgpu.ts'
import { makeTables, tableLayout } from './tables.webgpu.ts'

/** The signal side of a dispatch, for `out.channelCount` channels; `out` is absent when a filter is transformed. */
export interface FftOperands {
  readonly out?: GpuTensor
  readonly input: GpuTensor
  readonly history?: GpuTensor
  readonly pre?: GpuTensor
  readonly post?: GpuTensor
  readonly skip?: GpuWeights
  /** First channel within `skip`. */
  readonly skipOffset: number
  readonly inputShift: number
  /** inputShift + centerTap. */
  readonly center: number
}

/** Spectra of a channel group, and where in it the first channel stands. */
export interface SpectrumPlace {
  readonly buffer: GPUBuffer
  readonly channel: number
}

export interface Segments {
  readonly first: number
  readonly count: number
}

type Entry = 'fusedConv' | 'fusedSpectrum' | 'columnsForward' | 'columnsInverse' | 'rowsConv' | 'rowsSpectrum'

/** Numbers of the bindings that each entry point uses (those it does not must not be bound). */
const bindings: Readonly<Record<Entry, readonly number[]>> = {
  fusedConv: [1, 2, 3, 4, 5, 6, 7, 9],
  fusedSpectrum: [2, 3, 4, 8, 9],
  columnsForward: [2, 3, 4, 8, 9],
  columnsInverse: [1, 2, 3, 4, 5, 6, 8, 9],
  rowsConv: [7, 8, 9],
  rowsSpectrum: [8, 9],
}

/** Where the parts of a block lie, in complex values. */
export interface BlockLayout {
  /** From one block to the next. */
  readonly stride: number
  readonly columnExponents: number
  readonly rowExponents: number
}

/** Values first; where they are f16, behind them an exponent for each tile of columns and for each row. */
function blockLayout(values: number, columnTiles: number, rows: number, isHalf: boolean): BlockLayout {
  const rowExponents = values + columnTiles
  return { stride: isHalf ? Math.ceil((rowExponents + rows) / 16) * 16 : values, columnExponents: values, rowExponents }
}

interface Step {
  readonly entry: Entry
  readonly points: number
  readonly lanes: number
  readonly tiles: number
  readonly work?: GPUBuffer
  readonly spectra?: SpectrumPlace
}

/** One block's worth of work for some channels and segments: the dispatches of a plan. */
export class FftPasses {
  readonly #plan: TransformPlan
  readonly #context: GpuContext
  readonly outerPoints: number
  readonly innerPoints: number
  /** Of outerPoints; the others are left out. A fused plan leaves nothing out. */
  readonly keptRows: number
  readonly #columnLanes: number
  readonly #layout: BlockLayout

  constructor(plan: TransformPlan, context: GpuContext) {
    this.#plan = plan
    this.#context = context
    this.outerPoints = plan.factors[0]
    this.innerPoints = plan.factors[1] ?? 1
    this.keptRows = this.isFused ? this.outerPoints : keptBlocks(plan)
    this.#columnLanes = this.isFused ? 1 : Math.min(columnLanes(this.outerPoints, context.limits), this.innerPoints)
    const values = this.keptRows * this.innerPoints
    this.#layout = blockLayout(
      values,
      this.isFused ? 0 : this.innerPoints / this.#columnLanes,
      this.isFused ? 1 : this.keptRows,
      this.#isHalf,
    )
  }

  get isFused(): boolean {
    return this.innerPoints === 1
  }
  /** Complex points of a block. */
  get blockPoints(): number {
    return this.outerPoints * this.innerPoints
  }
  /** Bytes of a block between the passes, and of a filter's spectrum. */
  get spectrumBytes(): number {
    return this.#layout.stride * (this.#isHalf ? 4 : 8)
  }
  get #isHalf(): boolean {
    return this.#plan.storage === 'f16'
  }

  /** Transforms `taps` (channels of `operands.input`) into `spectra`. */
  spectrum(taps: GpuTensor, spectra: SpectrumPlace): void {
    const operands: FftOperands = { input: taps, skipOffset: 0, inputShift: 0, center: taps.length - 1 }
    const segments = { first: 0, count: 1 }
    if (this.isFused) {
      this.#dispatch(
        { entry: 'fusedSpectrum', points: this.outerPoints, lanes: 1, tiles: 1, work: spectra.buffer, spectra },
        operands,
        segments,
      )
    } else {
      this.#columns('columnsForward', operands, segments, spectra.buffer)
      this.#dispatch(
        { entry: 'rowsSpectrum', points: this.innerPoints, lanes: 1, tiles: this.keptRows, work: spectra.buffer },
        operands,
        segments,
      )
    }
  }

  /** `work` holds channels · segments · spectrumBytes; not used by a fused plan. */
  convolve(operands: FftOperands, segments: Segments, spectra: SpectrumPlace, work: GPUBuffer | undefined): void {
    if (this.isFused) {
      this.#dispatch(
        { entry: 'fusedConv', points: this.outerPoints, lanes: 1, tiles: segments.count, spectra },
        operands,
        segments,
      )
      return
    }
    this.#columns('columnsForward', operands, segments, work!)
    this.#dispatch(
      { entry: 'rowsConv', points: this.innerPoints, lanes: 1, tiles: this.keptRows * segments.count, work, spectra },
      operands,
      segments,
    )
    this.#columns('columnsInverse', operands, segments, work!)
  }

  #columns(
    entry: 'columnsForward' | 'columnsInverse',
    operands: FftOperands,
    segments: Segments,
    work: GPUBuffer,
  ): void {
    const lanes = this.#columnLanes
    this.#dispatch(
      { entry, points: this.outerPoints, lanes, tiles: (this.innerPoints / lanes) * segments.count, work },
      operands,
      segments,
    )
  }

  #dispatch({ entry, points, lanes, tiles, work, spectra }: Step, a: FftOperands, segments: Segments): void {
    const { filterLength, validLength } = this.#plan
    const context = this.#context
    const block = lanes > 1 || entry.startsWith('columns') ? this.blockPoints : undefined
    const layout = tableLayout(points, block)
    const isTwisted = !entry.startsWith('rows')
    const tables = context.table(`fft ${points} in ${block ?? points}${isTwisted ? '' : ', rows'}`, () =>
      makeTables(points, { isTwisted, blockPoints: block }),
    )
    const uses = (binding: number): boolean => bindings[entry].includes(binding)
    const out = a.out ?? a.input
    const all = [
      undefined,
      out.buffer,
      a.input.buffer,
      a.history?.buffer ?? context.none,
      a.pre?.buffer ?? context.none,
      a.post && a.post.buffer !== out.buffer ? a.post.buffer : context.none,
      a.skip?.buffer ?? context.none,
      spectra?.buffer,
      work,
      tables,
    ]
    context.dispatch({
      shader: exchangesWhole(points * lanes, context.limits) ? fftConv : fftConvParts,
      entry,
      precision: this.#plan.storage,
      // Only what the entry point reads, so that one pipeline serves all that differ in the rest.
      constants: {
        pointsLog: Math.log2(points),
        lanes,
        isTwisted: isTwisted ? 1 : 0,
        ...(uses(4) && { hasPre: a.pre ? 1 : 0 }),
        ...(uses(1) && { hasSkip: a.skip ? 1 : 0, postSource: a.post ? (a.post.buffer === out.buffer ? 2 : 1) : 0 }),
      },
      uniforms: {
        length: out.length,
        filterLength,
        inputLength: a.input.length,
        historyLength: a.history?.length ?? 0,
        inputShift: a.inputShift,
        center: a.center,
        validLength,
        firstSegment: segments.first,
        segmentCount: segments.count,
        outerPoints: this.outerPoints,
        innerPoints: this.innerPoints,
        keptRows: this.keptRows,
        spectrumChannel: spectra?.channel ?? 0,
        ...layout,
        ...place('out', out),
        ...place('input', a.input),
        ...place('history', a.history),
        ...place('pre', a.pre),
        ...place('post', a.post),
        skipOffset: a.skipOffset,
        longestLoop: valuesPerThread,
        blockStride: this.#layout.stride,
        columnExponents: this.#layout.columnExponents,
        rowExponents: this.#layout.rowExponents,
        columnLanes: this.#columnLanes,
        scale: 1 / this.blockPoints,
      },
      buffers: Array.from({ length: 9 }, (_, i) => (uses(i + 1) ? all[i + 1] : undefined)),
      tiles,
      rows: out.channelCount,
    })
  }
}
