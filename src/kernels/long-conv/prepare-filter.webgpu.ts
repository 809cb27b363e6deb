import type { BufferPool } from '../webgpu/buffer-pool.ts'
import type { GpuContext, GpuPreparedFilter, GpuTensor } from '../webgpu/context.ts'
import { rowStrideOf } from '../tensor.ts'
import type { LongConvPlan } from './plan.ts'

/** Queues what makes `taps` ready for `plan`; the filter owns its storage. */
export function prepareFilterGpu(plan: LongConvPlan, taps: GpuTensor, centerTap: number, context: GpuContext, pool: BufferPool): GpuPreparedFilter {
  const { channelCount, length: filterLength } = taps
  const rowStride = rowStrideOf(filterLength)
  const kept: GpuTensor = { channelCount, length: filterLength, rowStride, offset: 0, buffer: pool.acquire(channelCount * rowStride * 4) }
  context.copy(taps, kept)
  return { channelCount, filterLength, centerTap, plan, taps: kept }
}

export function releaseFilterGpu(filter: GpuPreparedFilter, pool: BufferPool): void {
  if (filter.taps) pool.release(filter.taps.buffer)
  for (const buffer of filter.spectra ?? []) pool.release(buffer)
}
