import type { LongConvPlan, LongConvRequest, TransformPlan } from '../../src/kernels/long-conv/plan.ts'

/** The plan, which must be one by transforms. */
export function transformOf(plan: LongConvPlan): TransformPlan {
  if (plan.method !== 'transform') throw new Error('expected a plan by transforms, got a direct one')
  return plan
}

/** A plan by one's own factors, of a single pass or of columns and rows. */
export function planWith(
  { channelCount, length, filterLength }: LongConvRequest,
  factors: readonly number[],
  storage?: 'f16',
): TransformPlan {
  const fftSize = 2 * factors.reduce((product, n) => product * n, 1)
  const validLength = fftSize - filterLength + 1
  return {
    channelCount,
    length,
    filterLength,
    method: 'transform',
    storage,
    fftSize,
    validLength,
    segmentCount: Math.ceil(length / validLength),
    factors,
    keepSpectra: true,
    frequencySparsity: 0,
  }
}
