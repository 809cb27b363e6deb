import { LimitError } from '../../errors.ts'
import type { Precision } from '../precision.ts'
import type { GpuLimits } from '../webgpu/context.ts'
import { checkRequest, filterBytesOf, type LongConvPlan, type LongConvRequest, maxDirectLength } from './plan.ts'

/** As in fft-conv.lib.wgsl. */
export const valuesPerThread = 16
const minFusedPoints = 64
const maxRowPoints = 4096
const minRowPoints = 16
const minColumns = 16
const maxColumns = 1024
/** A frequency-sparse plan has at least this many blocks to leave out. */
const sparseColumns = 32

/** Complex points of the largest transform one workgroup does: a plane of f32 in its memory, 16 values a thread. */
export function maxWorkgroupPoints(limits: GpuLimits): number {
  const fitting = Math.min(
    limits.maxComputeWorkgroupStorageSize / 4,
    limits.maxComputeInvocationsPerWorkgroup * valuesPerThread,
    8192,
  )
  return 2 ** Math.floor(Math.log2(fitting))
}

/** Transforms side by side in a workgroup of the column passes: enough for whole memory transactions, within the limits. */
export function columnLanes(columnPoints: number, limits: GpuLimits): number {
  const inMemory = limits.maxComputeWorkgroupStorageSize / (4 * columnPoints)
  const inThreads = (limits.maxComputeInvocationsPerWorkgroup * valuesPerThread) / columnPoints
  const wanted = Math.max(8, Math.min(64, 4096 / columnPoints))
  return 2 ** Math.floor(Math.log2(Math.min(inMemory, inThreads, wanted)))
}

/** Whether workgroup memory has room for the exchange of whole values. */
export const exchangesWhole = (
  values: number,
  { maxComputeWorkgroupStorageSize }: Pick<GpuLimits, 'maxComputeWorkgroupStorageSize'>,
): boolean => 8 * values <= maxComputeWorkgroupStorageSize

/**
 * [points] where one dispatch does the whole block, else [columns, rows]; undefined where the device cannot. A
 * frequency-sparse plan has columns, of which it leaves some out.
 */
function factorsOf(complexPoints: number, isSparse: boolean, limits: GpuLimits): readonly number[] | undefined {
  const largest = maxWorkgroupPoints(limits)
  if (complexPoints <= largest && !isSparse) return [complexPoints]
  let rows = Math.min(largest, maxRowPoints, complexPoints / (isSparse ? sparseColumns : minColumns))
  if (rows < minRowPoints) return undefined
  while (complexPoints / rows > maxColumns && rows < largest) rows *= 2
  const columns = complexPoints / rows
  return columns <= maxColumns && columnLanes(columns, limits) >= 1 ? [columns, rows] : undefined
}

/** Complex points of the largest transform: in columns and rows, and within one binding. */
function largestPoints(limits: GpuLimits): number {
  return Math.min(
    maxColumns * maxWorkgroupPoints(limits),
    2 ** Math.floor(Math.log2(limits.maxStorageBufferBindingSize / 8)),
  )
}

// Work of one output in multiply-adds, with a memory access counted as the arithmetic a GPU does meanwhile (about 8 a
// float). Not measured on a GPU: only where plans change over depends on it, never a result.
const directCost = (filterLength: number): number => 24 + 1.5 * filterLength
const blockCost = (complexPoints: number, passes: number): number =>
  complexPoints * (5 * Math.log2(complexPoints) + 64 * passes)

/**
 * The plan for a GPU with these limits, that stores what transforms leave in `precision`.
 *
 * @throws ShapeError where a size is not a whole number above 0
 * @throws ConfigError where frequencySparsity is outside 0 to 0.95
 * @throws LimitError where the filter is longer than the largest transform
 */
export function planLongConvGpu(
  request: LongConvRequest,
  limits: GpuLimits,
  precision: Precision = 'f32',
): LongConvPlan {
  checkRequest(request)
  const {
    channelCount,
    length,
    filterLength,
    frequencySparsity = 0,
    spectrumBytes = Number.POSITIVE_INFINITY,
  } = request
  const dimensions = { channelCount, length, filterLength }
  const largest = largestPoints(limits)
  let best: LongConvPlan | undefined
  let bestCost = Number.POSITIVE_INFINITY
  if (frequencySparsity === 0 && (filterLength <= 2 * largest || length <= maxDirectLength)) {
    best = { ...dimensions, method: 'direct' }
    bestCost = length * directCost(filterLength)
  }
  for (let complexPoints = minFusedPoints; complexPoints <= largest; complexPoints *= 2) {
    const fftSize = 2 * complexPoints
    const validLength = fftSize - filterLength + 1
    const factors = factorsOf(complexPoints, frequencySparsity > 0, limits)
    if (validLength < 1 || !factors) continue
    const segmentCount = Math.max(1, Math.ceil(length / validLength))
    // What a masked filter gives depends on the transform's size: segments only where nothing else fits.
    if (frequencySparsity > 0 && segmentCount > 1 && length + filterLength - 1 <= 2 * largest) continue
    const cost = segmentCount * blockCost(complexPoints, factors.length === 1 ? 1 : 3)
    if (cost < bestCost) {
      const storage = precision === 'f16' ? { storage: precision } : undefined
      const plan = {
        ...dimensions,
        method: 'transform' as const,
        fftSize,
        validLength,
        segmentCount,
        factors,
        frequencySparsity,
        keepSpectra: true,
        ...storage,
      }
      best = { ...plan, keepSpectra: filterBytesOf(plan) <= spectrumBytes }
      bestCost = cost
    }
    if (segmentCount === 1) break
  }
  if (!best) {
    throw new LimitError({
      where: 'planLongConv',
      what: 'the filter is longer than the largest transform of this GPU',
      expected: `at most ${2 * largest} taps`,
      got: `${filterLength}`,
      remedy: 'cut the filter (partial convolution), or run with `device: cpu`',
    })
  }
  return best
}

/**
 * Bytes of the buffers that transforms go through: blocks the size of a spectrum, of as many segments as are computed at
 * once, in `workBytes` unless one is more.
 */
export function scratchBytesGpu(plan: LongConvPlan, workBytes: number): number {
  const { channelCount, filterLength } = plan
  if (plan.method === 'direct') return 4 * channelCount * filterLength
  const block = 4 * plan.fftSize
  return Math.max(
    channelCount * Math.max(block, 4 * filterLength),
    Math.min(workBytes, channelCount * plan.segmentCount * block),
  )
}
