/** One dilated convolution on the CPU, as far as its cost depends on it. */
export interface DilatedConvRequest {
  readonly inChannels: number
  readonly outChannels: number
  readonly width: number
  readonly dilation: number
  /** Positions produced. */
  readonly length: number
  readonly workerCount: number
}

/** How it is computed, as data. */
export type DilatedConvPlan = DirectPlan | FftPlan

export interface DirectPlan {
  readonly method: 'direct'
  /** Positions computed at a time by one worker. */
  readonly tileLength: number
}
export interface FftPlan {
  readonly method: 'fft'
  /** Samples of one transform, a power of two, at least 16 and at least the width. */
  readonly fftSize: number
  /** Results of one transform: fftSize - width + 1. */
  readonly validLength: number
  /** Segments of validLength · dilation positions computed at a time by one worker: a block. */
  readonly segmentCount: number
  /** Columns transformed together, at most; a multiple of 16. */
  readonly columnCount: number
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
export function planDilatedConv(request: DilatedConvRequest): DilatedConvPlan {
  const plan = usualPlan({ ...request, workerCount: usualWorkerCount })
  return plan.method === 'direct' ? directPlan(request) : fftPlan(request, plan.fftSize)
}

function usualPlan(request: DilatedConvRequest): DilatedConvPlan {
  const candidates: DilatedConvPlan[] = [directPlan(request)]
  // Near the width most of a transform is thrown away; far above it the mix gains nothing more.
  for (let fftSize = 16; fftSize <= Math.min(mostFftSize, Math.max(16, 16 * request.width)); fftSize *= 2) {
    if (fftSize < 1.5 * request.width || (fftSize - request.width + 1) * request.dilation > mostSegmentPositions)
      continue
    candidates.push(fftPlan(request, fftSize))
  }
  return leastExpected(candidates, request)
}

export function directPlan({ length, workerCount }: DilatedConvRequest): DirectPlan {
  const share = Math.ceil(length / workerCount / 2 / 8) * 8
  return { method: 'direct', tileLength: Math.min(1024, Math.max(64, share)) }
}

/** The best frequency-domain plan with this fftSize, which must be at least the width. */
export function fftPlan(request: DilatedConvRequest, fftSize: number): FftPlan {
  const validLength = fftSize - request.width + 1
  const columnCount = Math.max(16, Math.floor(columnFloats / fftSize / 16) * 16)
  const most = Math.max(1, Math.floor(Math.min(mostBlockPositions, request.length) / (validLength * request.dilation)))
  const candidates: FftPlan[] = []
  for (let s = 1; s <= most; s = s < 8 ? s + 1 : 8 * Math.ceil(s / 7)) {
    candidates.push({ method: 'fft', fftSize, validLength, segmentCount: s, columnCount })
  }
  return leastExpected(candidates, request)
}

function leastExpected<P extends DilatedConvPlan>(candidates: readonly P[], request: DilatedConvRequest): P {
  return candidates.reduce((best, plan) =>
    expectedNanoseconds(plan, request) < expectedNanoseconds(best, request) ? plan : best,
  )
}

/** The plan in words: one line. */
export function explainDilatedPlan(
  plan: DilatedConvPlan,
  { inChannels, outChannels, width, dilation }: Omit<DilatedConvRequest, 'workerCount'>,
): string {
  const what = `convolution ${inChannels} -> ${outChannels}, width ${width}, dilation ${dilation}`
  if (plan.method === 'direct') return `${what}: direct`
  return `${what}: in the frequency domain, ${plan.fftSize} points a phase, ${plan.validLength} results each`
}

/** Time that `plan` should take, the making of spectra in part, in nanoseconds. */
export function expectedNanoseconds(plan: DilatedConvPlan, request: DilatedConvRequest): number {
  return plan.method === 'direct' ? directNanoseconds(plan, request) : fftNanoseconds(plan, request)
}

function directNanoseconds(plan: DirectPlan, request: DilatedConvRequest): number {
  const { inChannels, outChannels, width, dilation, length, workerCount } = request
  const taps = 4 * Math.ceil(outChannels / 4) * inChannels * width
  const tileLength = Math.min(plan.tileLength, length)
  const span = (width - 1) * dilation
  const tile =
    Math.ceil(tileLength / 8) * 8 * taps * cost.tap +
    copies(inChannels, tileLength + span) +
    copies(outChannels, tileLength)
  return taps * cost.weight + rounds(length / tileLength, workerCount) * tile
}

function fftNanoseconds(plan: FftPlan, request: DilatedConvRequest): number {
  const { inChannels, outChannels, width, dilation, length, workerCount } = request
  const { fftSize, validLength, segmentCount } = plan
  const products = 4 * Math.ceil(outChannels / 4) * inChannels
  const blockLength = Math.min(length, segmentCount * validLength * dilation)
  const columns = Math.ceil(columnsOf(blockLength, validLength, dilation) / 8) * 8
  const perSample =
    (inChannels + outChannels) * (cost.sample + cost.sampleDoubling * Math.log2(fftSize)) + 1.5 * products * cost.mix
  const block =
    columns * fftSize * perSample +
    copies(inChannels, blockLength + (width - 1) * dilation) +
    copies(outChannels, blockLength)
  const making = (products * width * (fftSize / 2) * cost.spectrum) / workerCount / cost.expectedUses
  return making + 1.5 * fftSize * products * cost.weight + rounds(length / blockLength, workerCount) * block
}

function copies(rows: number, length: number): number {
  const far = Math.min(1, length / mostBlockPositions)
  return rows * (cost.copy + length * (cost.nearPosition * (1 - far) + cost.farPosition * far))
}

/** Columns that give `length` positions from a segment's start on. */
export function columnsOf(length: number, validLength: number, dilation: number): number {
  const segmentLength = validLength * dilation
  return Math.floor(length / segmentLength) * dilation + Math.min(dilation, length % segmentLength)
}

/** Time until the last of `pieces` is done, in pieces; the fraction is the size of a smaller last one. */
function rounds(pieces: number, workerCount: number): number {
  const whole = Math.floor(pieces)
  return whole % workerCount === 0 ? whole / workerCount + (pieces - whole) : Math.ceil(whole / workerCount)
}
