import type { LongConvRequest, TransformPlan } from './plan.ts'
import { levelsOf } from './twiddles.ts'

/**
 * The cost model has the form of FlashFFTConv's (arXiv 2311.05908, section 3.2): operations at the rate the machine does
 * them, plus bytes at the bandwidth of the memory level they come from. Nanoseconds of one worker. The constants are data,
 * not measured at start: a plan decides the order of roundings, and two machines of a cluster (or two runs, one resumed)
 * must not get different plans from noise. `measureCostConstants` gives those of another machine, `genoconv bench
 * --calibrate` keeps them there.
 */
export interface CostConstants {
  readonly threads: number
  /** Per complex point, forward and inverse together: one level of each radix, and the fused last two levels with the product. */
  readonly radixNs: { readonly 2: number; readonly 3: number; readonly 4: number; readonly 5: number }
  readonly leafNs: number
  /** Per value gathered into a block or taken out of it. */
  readonly copyNs: number
  /** Blocks up to this size stay in a core's own cache between the column and the row step; up to cacheBytes (all workers' together) in the shared one. */
  readonly coreCacheBytes: number
  readonly cacheBytes: number
  readonly cacheBytesPerNs: number
  readonly memoryBytesPerNs: number
  /** Direct form: per tap and output, per output. */
  readonly tapNs: number
  readonly outputNs: number
  /** Per row of a transform, per segment. */
  readonly rowNs: number
  readonly callNs: number
}

/** Constants that were measured on the machine at hand; the name tells results apart that were planned by them. */
export interface Calibration {
  readonly name: string
  readonly constants: CostConstants
}

/** Measured on one thread of a two-thread Zen 3 machine, both threads busy, Node 20 with relaxed SIMD. */
export const defaultCostConstants: CostConstants = {
  threads: 2,
  radixNs: { 2: 0.36, 3: 0.5, 4: 0.6, 5: 0.85 },
  leafNs: 2.9,
  copyNs: 0.25,
  coreCacheBytes: 2 ** 19,
  cacheBytes: 2 ** 24,
  cacheBytesPerNs: 60,
  memoryBytesPerNs: 12,
  tapNs: 0.085,
  outputNs: 1,
  rowNs: 500,
  callNs: 2000,
}

export function directSeconds({ channelCount, length, filterLength }: LongConvRequest, k: CostConstants): number {
  return (channelCount * (length * (filterLength * k.tapNs + k.outputNs) + k.callNs)) / k.threads / 1e9
}

/** `keptShare`: share of the rows that are computed. */
export function transformSeconds(plan: TransformPlan, keptShare: number, k: CostConstants): number {
  const { factors, channelCount, segmentCount, keepSpectra } = plan
  const points = plan.fftSize / 2
  const rows = factors.length === 1 ? 1 : factors[0]
  const { levels, columnLevelCount } = levelsOf(factors)
  const radixNs = (first: number, end: number): number =>
    levels.slice(first, end).reduce((sum, { radix }) => sum + k.radixNs[radix as 2 | 3 | 4 | 5], 0)
  const blockBytes = 8 * points
  const bandwidth =
    blockBytes <= k.coreCacheBytes
      ? Number.POSITIVE_INFINITY
      : blockBytes * k.threads <= k.cacheBytes
        ? k.cacheBytesPerNs
        : k.memoryBytesPerNs
  const spectrumBandwidth =
    channelCount * blockBytes * keptShare <= k.cacheBytes ? k.cacheBytesPerNs : k.memoryBytesPerNs
  const columnNs = columnLevelCount === 0 ? 0 : radixNs(0, columnLevelCount) + 32 / bandwidth
  const rowNs = keptShare * (radixNs(columnLevelCount, levels.length - 2) + k.leafNs + 8 / spectrumBandwidth)
  const outputs = plan.length / segmentCount
  const inputs = segmentCount === 1 ? Math.min(plan.fftSize, plan.length) : outputs + plan.filterLength // zeros at the start are not gathered
  const transformNs = points * (columnNs + rowNs) + (inputs + outputs) * k.copyNs + rows * k.rowNs + k.callNs
  const transforms = channelCount * (segmentCount + (keepSpectra ? 0 : 0.6)) // a spectrum alone is somewhat more than half
  // The last transforms leave some workers without work.
  const rounds = Math.ceil((channelCount * segmentCount) / k.threads) / ((channelCount * segmentCount) / k.threads)
  return (transforms * rounds * transformNs) / k.threads / 1e9
}
