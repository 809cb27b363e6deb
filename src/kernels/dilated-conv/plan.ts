/** One dilated convolution, as far as its cost depends on it. */
export interface DilatedConvRequest {
  readonly inChannels: number
  readonly outChannels: number
  readonly width: number
  readonly dilation: number
  /** Positions produced. */
  readonly length: number
}

/** How it is computed on the CPU, as data. */
export type DilatedConvPlan = DirectPlan | FftPlan

export interface DirectPlan {
  readonly method: 'direct'
  /** Positions computed at a time by one worker. */
  readonly tileLength: number
}

export interface FftPlan {
  readonly method: 'fft'
  /** Samples of one transform, a power of two. */
  readonly fftSize: number
  /** Results of one transform: fftSize - width + 1. */
  readonly validLength: number
  /** Segments of validLength · dilation positions computed at a time by one worker. */
  readonly segmentCount: number
  /** Columns transformed together, at most; a multiple of 8. */
  readonly columnCount: number
}

/** The plan of least expected time. */
export function planDilatedConv(request: DilatedConvRequest): DilatedConvPlan {
  return directPlan(request)
}

export function directPlan({ length }: DilatedConvRequest): DirectPlan {
  return { method: 'direct', tileLength: Math.min(1024, Math.max(64, Math.ceil(length / 64) * 8)) }
}

/** Floats of one channel's columns while they are transformed: half of an L1 cache of 32 KiB. */
const columnFloats = 4096
/** Positions that a worker computes at a time, about. */
const blockPositions = 8192

export function fftPlan({ width, dilation, length }: DilatedConvRequest, fftSize: number): FftPlan {
  const validLength = fftSize - width + 1
  const segmentLength = validLength * dilation
  const segmentCount = Math.max(1, Math.floor(Math.min(blockPositions, length / 2) / segmentLength))
  return { method: 'fft', fftSize, validLength, segmentCount, columnCount: Math.max(8, Math.floor(columnFloats / fftSize / 8) * 8) }
}
