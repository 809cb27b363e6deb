import type { DilatedConvWeightsArguments } from './dilated-conv-weights.ts'

/** How the sums over positions are shared out. */
export interface WeightsPlan {
  /** Samples of a transform; 0 where products are summed tap by tap. */
  readonly fftSize: number
  /** Positions that one piece of work covers. */
  readonly tileLength: number
  readonly tileCount: number
}

/** Filters up to this width are summed by definition: a transform of 16 points would cost more. */
const widestDirect = 3
const directTile = 2048
/** Columns transformed together, about: a channel's columns stay in the L1 cache, their spectra in L2. */
const mostColumns = 96

/** Same sums for the same number of workers: each takes the tiles that follow each other. */
export function planWeights(
  { gradient, width, dilation }: Pick<DilatedConvWeightsArguments, 'gradient' | 'width' | 'dilation'>,
  workerCount: number,
): WeightsPlan {
  const { length } = gradient
  const shared = (tiles: number): number => (tiles < workerCount ? tiles : Math.ceil(tiles / workerCount) * workerCount)
  if (width <= widestDirect) {
    const tileCount = shared(Math.ceil(length / directTile))
    const tileLength = Math.max(1, Math.ceil(length / tileCount))
    return { fftSize: 0, tileLength, tileCount: Math.ceil(length / tileLength) }
  }
  let fftSize = 16
  while (fftSize < 4 * width) fftSize *= 2
  const segmentLength = (fftSize - width + 1) * dilation
  const segments = Math.ceil(length / segmentLength)
  const tiles = shared(Math.ceil(segments / Math.max(1, Math.floor(mostColumns / dilation))))
  const tileLength = Math.max(1, Math.ceil(segments / Math.max(1, tiles))) * segmentLength
  return { fftSize, tileLength, tileCount: Math.ceil(length / tileLength) }
}

/**
 * Taps from the planes of sums that `addSpectra` leaves, as `multiplyAdd` reads weights: `[ceil(width / 4)][planes][4]`. Tap j is
 * the inverse transform of conj(S) at j.
 */
export function tapFactors(fftSize: number, width: number): Float32Array {
  const half = fftSize / 2
  const planes = 2 + 3 * (half - 1)
  const factors = new Float32Array(Math.ceil(width / 4) * planes * 4)
  for (let j = 0; j < width; j++) {
    const put = (plane: number, value: number): void => {
      factors[((j >> 2) * planes + plane) * 4 + (j & 3)] = value / fftSize
    }
    put(0, 1)
    put(1, j % 2 === 0 ? 1 : -1)
    for (let f = 1; f < half; f++) {
      const angle = (2 * Math.PI * ((f * j) % fftSize)) / fftSize
      const first = 2 + 3 * (f - 1)
      put(first, Math.cos(angle) - Math.sin(angle))
      put(first + 1, Math.cos(angle) + Math.sin(angle))
      put(first + 2, Math.sin(angle))
    }
  }
  return factors
}
