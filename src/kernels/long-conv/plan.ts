import type { LongConvRequest } from '../backend.ts'
import { type CostConstants, defaultCostConstants, directSeconds, transformSeconds } from './cost-model.ts'
import { isRowSize } from './twiddles.ts'

/** How one long convolution is computed, as data: printed by --dry-run, tested without a device. */
export interface LongConvPlan {
  readonly channelCount: number
  readonly length: number
  readonly filterLength: number
  readonly method: 'direct' | 'fft'
  /** Real points of one transform; 0 for direct. */
  readonly fftSize: number
  /** New outputs of one segment: fftSize - filterLength + 1. */
  readonly validLength: number
  readonly segmentCount: number
  /** Factors of the Monarch decomposition, outermost first. */
  readonly factors: readonly number[]
  readonly keepSpectra: boolean
  readonly frequencySparsity: number
  /** What the cost model expects one call to take. */
  readonly estimatedSeconds?: number
}

/** Rows longer than this are split once more: a row and its spectrum stay within a core's L2. */
const maxRowPoints = 8192

/** Complex points of the transforms the CPU kernels have: {1, 3, 5, 9, 15} * 2^k. */
export const transformSizes: readonly number[] = (() => {
  const sizes: number[] = []
  for (let k = 4; k <= 24; k++) for (const odd of [1, 3, 5, 9, 15]) if (odd * 2 ** k <= 2 ** 24) sizes.push(odd * 2 ** k)
  return sizes.sort((a, b) => a - b)
})()

/** [rows] where a row fits the cache, else [columns, rows]. */
export function factorsOf(complexSize: number): readonly number[] {
  if (complexSize <= maxRowPoints) return [complexSize]
  let columns = 2
  const odd = [15, 9, 5, 3].find((p) => complexSize % p === 0) ?? 1
  while (complexSize / (columns * odd) > maxRowPoints) columns *= 2
  return [columns * odd, complexSize / (columns * odd)]
}

export function planLongConv(request: LongConvRequest, constants: CostConstants = defaultCostConstants): LongConvPlan {
  const { channelCount, length, filterLength, frequencySparsity = 0, spectrumBytes = Number.POSITIVE_INFINITY } = request
  const common = { channelCount, length, filterLength, frequencySparsity }
  let best: LongConvPlan = {
    ...common, method: 'direct', fftSize: 0, validLength: length, segmentCount: 1, factors: [], keepSpectra: true,
    estimatedSeconds: directSeconds(request, constants),
  }
  if (frequencySparsity > 0) best = { ...best, estimatedSeconds: Number.POSITIVE_INFINITY }
  for (const size of transformSizes) {
    const fftSize = 2 * size
    const validLength = fftSize - filterLength + 1
    if (validLength < 1) continue
    const segmentCount = Math.max(1, Math.ceil(length / validLength))
    const factors = factorsOf(size)
    if (!isRowSize(factors.at(-1)!)) continue
    const keepSpectra = channelCount * size * 8 <= spectrumBytes
    const plan: LongConvPlan = { ...common, method: 'fft', fftSize, validLength, segmentCount, factors, keepSpectra }
    const estimatedSeconds = transformSeconds(plan, constants)
    if (estimatedSeconds < best.estimatedSeconds!) best = { ...plan, estimatedSeconds }
    if (segmentCount === 1) break
  }
  return best
}

/**
 * Blocks of the spectrum (index f1 of the Monarch decomposition, of factors[0]) that a frequency-sparse plan keeps: the
 * first ones, at least one. The bins kept are f = f1 + factors[0] * f2 with f1 below this number, of the N = fftSize / 2
 * bins of the negacyclic transform, bin f at (1/4 + f) / N turns; each stands for itself and its conjugate.
 */
export function keptBlocks({ factors, frequencySparsity }: LongConvPlan): number {
  const blocks = factors.length === 1 ? 1 : factors[0]!
  return Math.max(1, Math.round((1 - frequencySparsity) * blocks))
}

/** f32 of one channel's filter spectrum. */
export function spectrumFloatsOf(plan: LongConvPlan): number {
  return plan.factors.length === 1 ? plan.fftSize : (plan.fftSize / plan.factors[0]!) * keptBlocks(plan)
}
