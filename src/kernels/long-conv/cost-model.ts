import type { LongConvRequest } from '../backend.ts'
import type { LongConvPlan } from './plan.ts'

/** Constants of one device, measured; all per worker. */
export interface CostConstants {
  readonly threads: number
  /** Nanoseconds per complex point and radix-2 level (a radix-4 level is two). */
  readonly levelNs: number
  /** Nanoseconds per complex point for what every transform does once: product, gather, crop. */
  readonly pointNs: number
  /** Added per complex point where a block does not fit the last-level cache share. */
  readonly memoryNs: number
  readonly cacheBytes: number
  /** Nanoseconds per tap and output of the direct form. */
  readonly tapNs: number
  /** Nanoseconds per output of the direct form. */
  readonly outputNs: number
  /** Nanoseconds per segment and channel. */
  readonly callNs: number
}

export const defaultCostConstants: CostConstants = {
  threads: 2,
  levelNs: 0.35,
  pointNs: 3,
  memoryNs: 4,
  cacheBytes: 2 ** 24,
  tapNs: 0.06,
  outputNs: 0.6,
  callNs: 3000,
}

export function directSeconds({ channelCount, length, filterLength }: LongConvRequest, k: CostConstants): number {
  return (channelCount * (length * (filterLength * k.tapNs + k.outputNs) + k.callNs)) / k.threads / 1e9
}

export function transformSeconds(plan: LongConvPlan, k: CostConstants): number {
  const points = plan.fftSize / 2
  const perPoint = 2 * Math.log2(points) * k.levelNs + k.pointNs + (points * 8 * k.threads > k.cacheBytes ? k.memoryNs : 0)
  const spectra = plan.keepSpectra ? 0 : plan.channelCount * points * (Math.log2(points) * k.levelNs + k.pointNs)
  return (plan.channelCount * plan.segmentCount * (points * perPoint + k.callNs) + spectra) / k.threads / 1e9
}
