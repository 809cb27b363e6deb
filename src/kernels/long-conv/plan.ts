import { ConfigError, LimitError, ShapeError } from '../../errors.ts'
import type { LongConvRequest } from '../backend.ts'
import { type CostConstants, defaultCostConstants, directSeconds, transformSeconds } from './cost-model.ts'

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
  /** Given where spectra, and blocks between passes, are kept in less than f32 (GPU, precision f16). */
  readonly storage?: 'f16'
  /** What the cost model expects one call to take. */
  readonly estimatedSeconds?: number
}

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
 */
export function planLongConv(request: LongConvRequest, constants: CostConstants = defaultCostConstants): LongConvPlan {
  const {
    channelCount,
    length,
    filterLength,
    frequencySparsity = 0,
    spectrumBytes = Number.POSITIVE_INFINITY,
  } = request
  checkRequest(request)
  const common = { channelCount, length, filterLength, frequencySparsity }
  let best: LongConvPlan | undefined
  if (frequencySparsity === 0) {
    best = {
      ...common,
      method: 'direct',
      fftSize: 0,
      validLength: length,
      segmentCount: 1,
      factors: [],
      keepSpectra: true,
      estimatedSeconds: directSeconds(request, constants),
    }
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
      const plan = { ...common, method: 'fft' as const, fftSize, validLength, segmentCount, factors }
      const keepSpectra = channelCount * spectrumFloatsOf(plan) * 4 <= spectrumBytes
      const estimatedSeconds = transformSeconds({ ...plan, keepSpectra }, keptShareOf(plan), constants)
      if (!best || estimatedSeconds < best.estimatedSeconds! * sizePrice(fftSize, best.fftSize))
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
const sizePrice = (size: number, than: number): number =>
  size <= than ? 1 : 0.92 ** (than === 0 ? 1 : Math.max(1, Math.log2(size / than)))
/** More outputs of a filter beyond all transforms would not end in any useful time. */
const maxDirectLength = 1024

export function checkRequest({ channelCount, length, filterLength, frequencySparsity = 0 }: LongConvRequest): void {
  for (const [what, value] of Object.entries({ channelCount, length, filterLength })) {
    if (Number.isInteger(value) && value > 0) continue
    throw new ShapeError({
      where: 'planLongConv',
      what: `${what} is not a size`,
      expected: 'an integer above 0',
      got: `${value}`,
    })
  }
  if (!(frequencySparsity >= 0 && frequencySparsity <= 0.95)) {
    throw new ConfigError({
      where: 'planLongConv',
      what: 'frequencySparsity is out of range',
      expected: '0 to 0.95',
      got: `${frequencySparsity}`,
    })
  }
}

/**
 * Blocks of the spectrum (index f1 of the Monarch decomposition, of factors[0]) that a frequency-sparse plan keeps: the
 * first ones, at least one. The bins kept are f = f1 + factors[0] * f2 with f1 below this number, of the N = fftSize / 2
 * bins of the negacyclic transform, bin f at (1/4 + f) / N turns; each stands for itself and its conjugate.
 */
export function keptBlocks({
  factors,
  frequencySparsity,
}: Pick<LongConvPlan, 'factors' | 'frequencySparsity'>): number {
  const blocks = factors.length === 1 ? 1 : factors[0]
  return Math.max(1, Math.round((1 - frequencySparsity) * blocks))
}

/** Share of the spectrum, and of the work on its rows, that a plan does. */
const keptShareOf = (plan: Pick<LongConvPlan, 'factors' | 'frequencySparsity'>): number =>
  keptBlocks(plan) / (plan.factors.length === 1 ? 1 : plan.factors[0])

/** f32 of one channel's filter spectrum. */
export function spectrumFloatsOf(plan: Pick<LongConvPlan, 'factors' | 'frequencySparsity' | 'fftSize'>): number {
  return Math.round(plan.fftSize * keptShareOf(plan))
}

/** Bytes a prepared filter takes: its spectra, or the taps where they are transformed anew at each call (or used as they are). */
export function filterBytesOf(plan: LongConvPlan): number {
  if (plan.method === 'direct' || !plan.keepSpectra) return plan.channelCount * 4 * plan.filterLength
  return plan.channelCount * (plan.storage === 'f16' ? 2 : 4) * spectrumFloatsOf(plan)
}

/** Bytes of scratch that each CPU worker takes for the plan: block, twiddles, a row's spectrum. */
export function scratchBytesOf(plan: LongConvPlan): number {
  if (plan.method === 'direct') return 2 ** 18 + 8 * plan.filterLength
  return 4 * plan.fftSize * 1.3 + 2 ** 19 + (plan.keepSpectra ? 0 : 4 * spectrumFloatsOf(plan))
}

/** The plan in words, one fact a line. */
export function explainPlan(plan: LongConvPlan): string {
  const {
    channelCount,
    length,
    filterLength,
    method,
    fftSize,
    validLength,
    segmentCount,
    factors,
    keepSpectra,
    frequencySparsity,
    estimatedSeconds,
  } = plan
  const n = (value: number): string => value.toLocaleString('en-US')
  const lines = [
    `long convolution of ${n(channelCount)} channels, ${n(length)} positions, filters of ${n(filterLength)} taps`,
  ]
  if (method === 'direct') lines.push('by definition (the filter is shorter than a transform is worth)')
  else {
    const segments = `${n(segmentCount)} segment${segmentCount === 1 ? '' : 's'} of up to ${n(validLength)} outputs`
    lines.push(`${segments}, each by a real transform of ${n(fftSize)} points (${n(fftSize / 2)} complex)`)
    if (factors.length === 1) lines.push(`in one pass over a block of ${n(fftSize * 4)} bytes`)
    else
      lines.push(
        `Monarch decomposition ${factors.map(n).join(' x ')}: columns, rows (transform, product and inverse fused), columns`,
      )
    lines.push(
      keepSpectra ? `filter spectra kept: ${n(filterBytesOf(plan))} bytes` : 'filter spectra made anew at each call',
    )
    if (plan.storage === 'f16')
      lines.push('spectra and blocks between passes stored as f16, with a common power of two each row or tile')
    if (frequencySparsity > 0) lines.push(`${keptBlocks(plan)} of ${factors[0]} blocks of the spectrum computed`)
  }
  const time = estimatedSeconds ?? Number.NaN
  if (time >= 0)
    lines.push(`about ${time < 1 ? `${(time * 1000).toPrecision(3)} ms` : `${time.toPrecision(3)} s`} a call`)
  return lines.join('\n')
}
