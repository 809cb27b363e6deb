/** One dilated convolution, as far as its cost depends on it. */
export interface DilatedConvRequest {
  readonly inChannels: number
  readonly outChannels: number
  readonly width: number
  readonly dilation: number
  /** Positions produced, of each piece. */
  readonly length: number
  /** Default 1. */
  readonly pieceCount?: number
}

/** How it is computed, as data. */
export type DilatedConvPlan = DirectPlan | TransformPlan

/** By definition, tap by tap. */
export interface DirectPlan {
  readonly method: 'direct'
  /** Positions computed at a time by one worker. */
  readonly tileLength: number
}
/** In the frequency domain, overlap-save: each phase of the dilation is a signal of its own. */
export interface TransformPlan {
  readonly method: 'transform'
  /** Samples of one transform, a power of two, at least 16 and at least the width. */
  readonly fftSize: number
  /** Results of one transform: fftSize - width + 1. */
  readonly validLength: number
  /** Segments of validLength · dilation positions computed at a time by one worker: a block. With several pieces in a block, those of each. */
  readonly segmentCount: number
  /** Whole pieces in a block; a piece of several blocks has each to itself. */
  readonly piecesPerBlock: number
  /** Columns transformed together, at most; a multiple of 16. */
  readonly columnCount: number
}

/** The plan in words: one line. */
export function explainDilatedPlan(
  plan: Pick<DirectPlan, 'method'> | TransformPlan,
  { inChannels, outChannels, width, dilation }: DilatedConvRequest,
): string {
  const what = `convolution ${inChannels} -> ${outChannels}, width ${width}, dilation ${dilation}`
  if (plan.method === 'direct') return `${what}: direct`
  return `${what}: in the frequency domain, ${plan.fftSize} points a phase, ${plan.validLength} results each`
}

/** Columns that give `length` positions from a segment's start on. */
export function columnsOf(length: number, validLength: number, dilation: number): number {
  const segmentLength = validLength * dilation
  return Math.floor(length / segmentLength) * dilation + Math.min(dilation, length % segmentLength)
}
