import { LimitError } from '../../errors.ts'
import type { LongConvRequest } from '../backend.ts'
import type { LongConvPlan } from './plan.ts'

/** What planning needs to know of a device; `GPUSupportedLimits` has it. */
export type PlanLimits = Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize' | 'maxComputeInvocationsPerWorkgroup' | 'maxStorageBufferBindingSize'>

/** As in fft-conv.wgsl. */
export const valuesPerThread = 16
const minFusedPoints = 64
const maxRowPoints = 4096
const minColumnPoints = 16
const maxColumnPoints = 1024

/** Complex points of the largest transform one workgroup does: a plane of f32 in its memory, 16 values a thread. */
export function maxWorkgroupPoints(limits: PlanLimits): number {
  const fitting = Math.min(limits.maxComputeWorkgroupStorageSize / 4, limits.maxComputeInvocationsPerWorkgroup * valuesPerThread, 8192)
  return 2 ** Math.floor(Math.log2(fitting))
}

/** Transforms side by side in a workgroup of the column passes: enough for whole memory transactions, within the limits. */
export function columnLanes(columnPoints: number, limits: PlanLimits): number {
  const fitting = Math.min(limits.maxComputeWorkgroupStorageSize / (4 * columnPoints), (limits.maxComputeInvocationsPerWorkgroup * valuesPerThread) / columnPoints)
  const wanted = Math.max(8, Math.min(64, 4096 / columnPoints))
  return 2 ** Math.floor(Math.log2(Math.min(fitting, wanted)))
}

/** [points] where one dispatch does the whole block, else [columns, rows]; undefined where the device cannot. */
function factorsOf(complexPoints: number, limits: PlanLimits): readonly number[] | undefined {
  const largest = maxWorkgroupPoints(limits)
  if (complexPoints <= largest) return [complexPoints]
  let rows = Math.min(largest, maxRowPoints, complexPoints / minColumnPoints)
  while (complexPoints / rows > maxColumnPoints && rows < largest) rows *= 2
  const columns = complexPoints / rows
  return columns <= maxColumnPoints && columnLanes(columns, limits) >= 1 ? [columns, rows] : undefined
}

// Work of one output in multiply-adds, with a memory access counted as the arithmetic a GPU does meanwhile (about 8 a
// float). Not measured on a GPU: only where plans change over depends on it, never a result.
const directCost = (filterLength: number): number => 24 + 1.5 * filterLength
const blockCost = (complexPoints: number, passes: number): number => complexPoints * (5 * Math.log2(complexPoints) + 64 * passes)

/** The plan for a GPU with these limits; LimitError for a filter longer than its largest transform. */
export function planLongConvGpu(request: LongConvRequest, limits: PlanLimits): LongConvPlan {
  const { channelCount, length, filterLength, frequencySparsity = 0, spectrumBytes = Number.POSITIVE_INFINITY } = request
  const common = { channelCount, length, filterLength }
  const direct: LongConvPlan = {
    ...common, method: 'direct', fftSize: 0, validLength: length, segmentCount: 1, factors: [], keepSpectra: true, frequencySparsity: 0,
  }
  let best: LongConvPlan | undefined
  let bestCost = frequencySparsity > 0 ? Number.POSITIVE_INFINITY : length * directCost(filterLength)
  if (Number.isFinite(bestCost)) best = direct
  for (let complexPoints = minFusedPoints; complexPoints * 8 <= limits.maxStorageBufferBindingSize; complexPoints *= 2) {
    const fftSize = 2 * complexPoints
    const validLength = fftSize - filterLength + 1
    if (validLength < 1) continue
    const factors = factorsOf(complexPoints, limits)
    if (!factors) break
    const segmentCount = Math.max(1, Math.ceil(length / validLength))
    const cost = segmentCount * blockCost(complexPoints, factors.length === 1 ? 1 : 3)
    if (cost < bestCost) {
      best = { ...common, method: 'fft', fftSize, validLength, segmentCount, factors, keepSpectra: channelCount * complexPoints * 8 <= spectrumBytes, frequencySparsity }
      bestCost = cost
    }
    if (segmentCount === 1) break
  }
  if (!best) {
    throw new LimitError({
      where: 'longConv',
      what: 'the filter is longer than the largest transform of this GPU',
      got: `${filterLength} taps`,
      remedy: 'give a smaller --filter-length, or --device cpu',
      neededBytes: filterLength * 8,
    })
  }
  return best
}
