import type { LongConvRequest } from '../backend.ts'
import type { LongConvPlan } from './plan.ts'

/** The plan for a GPU with these limits. */
export function planLongConvGpu({ channelCount, length, filterLength }: LongConvRequest, _limits: GPUSupportedLimits): LongConvPlan {
  return { channelCount, length, filterLength, method: 'direct', fftSize: 0, validLength: length, segmentCount: 1, factors: [], keepSpectra: true, frequencySparsity: 0 }
}
