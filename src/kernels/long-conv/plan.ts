import { ConfigError, ShapeError } from '../../errors.ts'
import { show } from '../../validate.ts'

export interface LongConvRequest {
  readonly channelCount: number
  /** Positions produced by one call. */
  readonly length: number
  readonly filterLength: number
  /** Fraction of spectrum blocks left out, 0 to 0.95. */
  readonly frequencySparsity?: number
  /** Bytes that prepared spectra may take; beyond it they are recomputed at each call. */
  readonly spectrumBytes?: number
}

/** How one long convolution is computed, as data: printed by --dry-run, tested without a device. */
export type LongConvPlan = DirectLongConvPlan | TransformPlan

interface PlannedConv {
  readonly channelCount: number
  readonly length: number
  readonly filterLength: number
  /** What the cost model expects one call to take. */
  readonly estimatedSeconds?: number
}

/** By definition, tap by tap. */
export interface DirectLongConvPlan extends PlannedConv {
  readonly method: 'direct'
}

/** Overlap-save segments, each by a transform, a product with the filter's spectrum and the inverse transform. */
export interface TransformPlan extends PlannedConv {
  readonly method: 'transform'
  /** Real points of one transform. */
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
}

/** More outputs of a filter beyond all transforms would not end in any useful time. */
export const maxDirectLength = 1024

/**
 * @throws ShapeError where a size is not a whole number above 0
 * @throws ConfigError where frequencySparsity is outside 0 to 0.95
 */
export function checkRequest({ channelCount, length, filterLength, frequencySparsity = 0 }: LongConvRequest): void {
  for (const [what, value] of Object.entries({ channelCount, length, filterLength })) {
    if (Number.isInteger(value) && value > 0) continue
    throw new ShapeError({
      where: 'planLongConv',
      what: `${what} is not a size`,
      expected: 'an integer above 0',
      got: show(value),
    })
  }
  if (!(frequencySparsity >= 0 && frequencySparsity <= 0.95)) {
    throw new ConfigError({
      where: 'planLongConv',
      what: 'frequencySparsity is out of range',
      expected: '0 to 0.95',
      got: show(frequencySparsity),
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
}: Pick<TransformPlan, 'factors' | 'frequencySparsity'>): number {
  const blocks = factors.length === 1 ? 1 : factors[0]
  return Math.max(1, Math.round((1 - frequencySparsity) * blocks))
}

/** Share of the spectrum, and of the work on its rows, that a plan does. */
export const keptShareOf = (plan: Pick<TransformPlan, 'factors' | 'frequencySparsity'>): number =>
  keptBlocks(plan) / (plan.factors.length === 1 ? 1 : plan.factors[0])

/** f32 of one channel's filter spectrum. */
export function spectrumFloatsOf(plan: Pick<TransformPlan, 'factors' | 'frequencySparsity' | 'fftSize'>): number {
  return Math.round(plan.fftSize * keptShareOf(plan))
}

/** Whether the filter is transformed anew at each call: its taps must then stay. */
export const recomputesSpectra = (plan: LongConvPlan): boolean => plan.method === 'transform' && !plan.keepSpectra

/** Bytes a prepared filter takes: its spectra, or the taps where they are transformed anew at each call (or used as they are). */
export function filterBytesOf(plan: LongConvPlan): number {
  if (plan.method === 'direct' || !plan.keepSpectra) return plan.channelCount * 4 * plan.filterLength
  return plan.channelCount * (plan.storage === 'f16' ? 2 : 4) * spectrumFloatsOf(plan)
}

/** The plan in words, one fact a line. */
export function explainPlan(plan: LongConvPlan): string {
  const { channelCount, length, filterLength, estimatedSeconds } = plan
  const lines = [
    `long convolution of ${n(channelCount)} channels, ${n(length)} positions, filters of ${n(filterLength)} taps`,
    ...(plan.method === 'direct'
      ? ['by definition (the filter is shorter than a transform is worth)']
      : transformLines(plan)),
  ]
  const time = estimatedSeconds ?? Number.NaN
  if (time >= 0)
    lines.push(`about ${time < 1 ? `${(time * 1000).toPrecision(3)} ms` : `${time.toPrecision(3)} s`} a call`)
  return lines.join('\n')
}

const n = (value: number): string => value.toLocaleString('en-US')

function transformLines(plan: TransformPlan): string[] {
  const { fftSize, validLength, segmentCount, factors, keepSpectra, frequencySparsity } = plan
  const segments = `${n(segmentCount)} segment${segmentCount === 1 ? '' : 's'} of up to ${n(validLength)} outputs`
  const lines = [`${segments}, each by a real transform of ${n(fftSize)} points (${n(fftSize / 2)} complex)`]
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
  return lines
}
