import {
  columnsOf,
  type DilatedConvPlan,
  type DilatedConvRequest,
  type DirectPlan,
  type TransformPlan,
} from './plan.ts'

export interface CpuDilatedConvRequest extends DilatedConvRequest {
  readonly workerCount: number
}

/** Nanoseconds of one thread, measured by `npm run bench -- dilated` (AVX2, 3.4 GHz, WASM with relaxed SIMD). */
const cost = {
  /** A multiply-add of the direct sum. */
  tap: 0.044,
  /** The same in the channel mix, where three make a complex product. */
  mix: 0.047,
  /** A sample of one channel's column, there or back: moved, and each doubling of the transform. */
  sample: 0.05,
  sampleDoubling: 0.12,
  /** A row copied in or out, and each of its positions; the second for rows that fill the largest blocks and leave the L2 cache. */
  copy: 400,
  nearPosition: 0.3,
  farPosition: 0.5,
  /** A float of weights copied to the worker's memory at each call. */
  weight: 0.3,
  /** A tap at a frequency when a filter's spectrum is made; each of `expectedUses` is charged its part. */
  spectrum: 1.8,
  expectedUses: 8,
}
/** Positions of a block, at most, unless one segment is more. */
const mostBlockPositions = 16384
/** A segment is a row that every channel has in the worker's memory: beyond this many positions only direct plans are made. */
const mostSegmentPositions = 65536
/** Beyond this transform filters are so wide that longConv is the op for them. */
const mostFftSize = 4096
/** Floats of one channel's columns while they are transformed: half of an L1 cache of 32 KiB. */
const columnFloats = 4096

/**
 * Workers that method and transform are chosen for, whatever there are: those two decide most of how results are rounded.
 * Nothing here may depend on what was computed before: shards and resumed runs must give the same bits. The last bits
 * also depend on which columns are transformed together, and so on the cut for the workers there are: who needs the same
 * bits keeps the number of threads (resume records and shard manifests do).
 */
const usualWorkerCount = 2

/** The plan of least expected time. */
export function planDilatedConvCpu(request: CpuDilatedConvRequest): DilatedConvPlan {
  const plan = usualPlan({ ...request, workerCount: usualWorkerCount })
  return plan.method === 'direct' ? directPlan(request) : transformPlan(request, plan.fftSize)
}

function usualPlan(request: CpuDilatedConvRequest): DilatedConvPlan {
  const best = new Fastest<DilatedConvPlan>(request, directPlan(request))
  // Near the width most of a transform is thrown away; far above it the mix gains nothing more.
  for (let fftSize = 16; fftSize <= Math.min(mostFftSize, Math.max(16, 16 * request.width)); fftSize *= 2) {
    if (fftSize < 1.5 * request.width || (fftSize - request.width + 1) * request.dilation > mostSegmentPositions)
      continue
    best.offer(transformPlan(request, fftSize))
  }
  return best.plan
}

export function directPlan({ length, pieceCount = 1, workerCount }: CpuDilatedConvRequest): DirectPlan {
  const share = Math.ceil((pieceCount * length) / workerCount / 2 / 8) * 8
  return { method: 'direct', tileLength: Math.min(1024, Math.max(64, share)) }
}

/** The best frequency-domain plan with this fftSize, which must be at least the width. */
export function transformPlan(request: CpuDilatedConvRequest, fftSize: number): TransformPlan {
  const validLength = fftSize - request.width + 1
  const columnCount = Math.max(16, Math.floor(columnFloats / fftSize / 16) * 16)
  const { length, dilation, pieceCount = 1 } = request
  const segmentLength = validLength * dilation
  const most = Math.max(1, Math.floor(Math.min(mostBlockPositions, length) / segmentLength))
  const planOf = (segmentCount: number, piecesPerBlock: number): TransformPlan => ({
    method: 'transform',
    fftSize,
    validLength,
    segmentCount,
    piecesPerBlock,
    columnCount,
  })
  const best = new Fastest(request, planOf(1, 1))
  for (let count = next(1); count <= most; count = next(count)) best.offer(planOf(count, 1))
  const segmentCount = Math.ceil(length / segmentLength)
  const piece = segmentCount * segmentLength + (request.width - 1) * dilation
  const mostPieces = Math.min(pieceCount, Math.floor(mostBlockPositions / piece))
  for (let count = next(1); count <= mostPieces; count = next(count)) best.offer(planOf(segmentCount, count))
  return best.plan
}

/** 1 to 8, then an eighth more at a time. */
const next = (count: number): number => (count < 8 ? count + 1 : 8 * Math.ceil(count / 7))

/** The plan that should take least time of those that were offered, the first of equals. None but that one is kept. */
class Fastest<P extends DilatedConvPlan> {
  readonly #request: CpuDilatedConvRequest
  #nanoseconds: number
  plan: P

  constructor(request: CpuDilatedConvRequest, plan: P) {
    this.#request = request
    this.plan = plan
    this.#nanoseconds = expectedNanoseconds(plan, request)
  }

  offer(plan: P): void {
    const nanoseconds = expectedNanoseconds(plan, this.#request)
    if (nanoseconds < this.#nanoseconds) {
      this.plan = plan
      this.#nanoseconds = nanoseconds
    }
  }
}

/** Time that `plan` should take, the making of spectra in part, in nanoseconds. */
export function expectedNanoseconds(plan: DilatedConvPlan, request: CpuDilatedConvRequest): number {
  return plan.method === 'direct' ? directNanoseconds(plan, request) : transformNanoseconds(plan, request)
}

function directNanoseconds(plan: DirectPlan, request: CpuDilatedConvRequest): number {
  const { inChannels, outChannels, width, dilation, length, pieceCount = 1, workerCount } = request
  const taps = 4 * Math.ceil(outChannels / 4) * inChannels * width
  const tileLength = Math.min(plan.tileLength, length)
  const span = (width - 1) * dilation
  const tile =
    Math.ceil(tileLength / 8) * 8 * taps * cost.tap +
    copies(inChannels, tileLength + span) +
    copies(outChannels, tileLength)
  return taps * cost.weight + rounds((pieceCount * length) / tileLength, workerCount) * tile
}

function transformNanoseconds(plan: TransformPlan, request: CpuDilatedConvRequest): number {
  const { inChannels, outChannels, width, dilation, length, pieceCount = 1, workerCount } = request
  const { fftSize, validLength, segmentCount, piecesPerBlock } = plan
  const products = 4 * Math.ceil(outChannels / 4) * inChannels
  const blockLength = Math.min(length, segmentCount * validLength * dilation)
  const columns = Math.ceil((piecesPerBlock * columnsOf(blockLength, validLength, dilation)) / 8) * 8
  const perSample =
    (inChannels + outChannels) * (cost.sample + cost.sampleDoubling * Math.log2(fftSize)) + 1.5 * products * cost.mix
  const block =
    columns * fftSize * perSample +
    piecesPerBlock * (copies(inChannels, blockLength + (width - 1) * dilation) + copies(outChannels, blockLength))
  const making = (products * width * (fftSize / 2) * cost.spectrum) / workerCount / cost.expectedUses
  return (
    making +
    1.5 * fftSize * products * cost.weight +
    rounds((pieceCount * length) / (piecesPerBlock * blockLength), workerCount) * block
  )
}

function copies(rows: number, length: number): number {
  const far = Math.min(1, length / mostBlockPositions)
  return rows * (cost.copy + length * (cost.nearPosition * (1 - far) + cost.farPosition * far))
}

/** Time until the last of `pieces` is done, in pieces; the fraction is the size of a smaller last one. */
function rounds(pieces: number, workerCount: number): number {
  const whole = Math.floor(pieces)
  return whole % workerCount === 0 ? whole / workerCount + (pieces - whole) : Math.ceil(whole / workerCount)
}
