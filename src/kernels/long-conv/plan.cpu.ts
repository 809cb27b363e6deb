import { LimitError } from '../../errors.ts'
import { type CostConstants, defaultCostConstants, directSeconds, transformSeconds } from './cost-model.ts'
import {
  checkRequest,
  keptShareOf,
  type LongConvPlan,
  type LongConvRequest,
  maxDirectLength,
  spectrumFloatsOf,
} from './plan.ts'

/** Rows longer than this are split once more: a row, its spectrum and its twiddles stay near the core. */
const maxRowPoints = 32768
/** A frequency-sparse plan has at least this many blocks to leave out. */
const sparseBlocks = 32

/** Complex points of the transforms the CPU kernels have: {1, 3, 5, 9, 15} * 2^k. */
export const transformSizes: readonly number[] = (() => {
  const sizes: number[] = []
  for (let k = 4; k <= 24; k++)
    for (const odd of [1, 3, 5, 9, 15]) if (odd * 2 ** k <= 2 ** 24) sizes.push(odd * 2 ** k)
  return sizes.sort((a, b) => a - b)
})()

const largestFft = 2 * transformSizes.at(-1)!

/** The ways to split a transform: [rows], or [columns, rows] with rows a power of two. */
export function factorings(complexSize: number, minColumns = 1): number[][] {
  const found: number[][] = complexSize <= maxRowPoints && minColumns === 1 ? [[complexSize]] : []
  for (let rows = maxRowPoints; rows >= 16; rows /= 2) {
    const columns = complexSize / rows
    const isLongEnough = rows >= 1024 || complexSize <= 2 ** 14
    if (columns > 1 && columns >= minColumns && columns <= 1024 && Number.isInteger(columns) && isLongEnough)
      found.push([columns, rows])
  }
  return found
}

/**
 * The cheapest plan by the cost model: the direct form, or a transform of one of `transformSizes` in as many segments as
 * it takes. Deterministic: the same request and constants give the same plan.
 *
 * @throws ShapeError where a size is not a whole number above 0
 * @throws ConfigError where frequencySparsity is outside 0 to 0.95
 * @throws LimitError where the filter is longer than the largest transform
 */
export function planLongConvCpu(
  request: LongConvRequest,
  constants: CostConstants = defaultCostConstants,
): LongConvPlan {
  const {
    channelCount,
    length,
    filterLength,
    frequencySparsity = 0,
    spectrumBytes = Number.POSITIVE_INFINITY,
  } = request
  checkRequest(request)
  const dimensions = { channelCount, length, filterLength }
  let best: LongConvPlan | undefined
  if (frequencySparsity === 0) {
    best = { ...dimensions, method: 'direct', estimatedSeconds: directSeconds(request, constants) }
  }
  let oneSegment = 0
  for (const size of transformSizes) {
    const fftSize = 2 * size
    const validLength = fftSize - filterLength + 1
    if (validLength < 1) continue
    // Beyond the first sizes that hold everything there is only waste.
    if (oneSegment >= 3) break
    const segmentCount = Math.max(1, Math.ceil(length / validLength))
    // What a masked filter gives depends on the transform's size: segments only where nothing else fits.
    if (frequencySparsity > 0 && segmentCount > 1 && length + filterLength - 1 <= largestFft) continue
    const splits = factorings(size, frequencySparsity > 0 ? sparseBlocks : 1)
    if (segmentCount === 1 && splits.length > 0) oneSegment++
    for (const factors of splits) {
      const common = { fftSize, validLength, segmentCount, factors, frequencySparsity }
      const plan = { ...dimensions, method: 'transform' as const, ...common }
      const keepSpectra = channelCount * spectrumFloatsOf(plan) * 4 <= spectrumBytes
      const estimatedSeconds = transformSeconds({ ...plan, keepSpectra }, keptShareOf(plan), constants)
      if (!best || estimatedSeconds < best.estimatedSeconds! * sizePrice(fftSize, best))
        best = { ...plan, keepSpectra, estimatedSeconds }
    }
  }
  if (!best || (filterLength > largestFft && length > maxDirectLength)) {
    throw new LimitError({
      where: 'planLongConv',
      what: 'the filter is longer than the largest transform',
      expected: `at most ${largestFft} taps`,
      got: `${filterLength}`,
      remedy: 'cut the filter (partial convolution)',
    })
  }
  return best
}

/** A larger transform must take at most this share of the time, 8% less for each doubling: memory follows the filter. */
const sizePrice = (size: number, than: LongConvPlan): number => {
  if (than.method === 'direct') return 0.92
  return size <= than.fftSize ? 1 : 0.92 ** Math.max(1, Math.log2(size / than.fftSize))
}

/** Bytes of scratch that each CPU worker takes for the plan: block, twiddles, a row's spectrum. */
export function scratchBytesCpu(plan: LongConvPlan): number {
  if (plan.method === 'direct') return 2 ** 18 + 8 * plan.filterLength
  return 4 * plan.fftSize * 1.3 + 2 ** 19 + (plan.keepSpectra ? 0 : 4 * spectrumFloatsOf(plan))
}
