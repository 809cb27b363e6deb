import { ConfigError } from '../../errors.ts'
import { rowStrideOf, view } from '../tensor.ts'
import type { BufferPool } from '../webgpu/buffer-pool.ts'
import type { GpuContext, GpuPreparedFilter, GpuTensor } from '../webgpu/context.ts'
import { FftPasses } from './fft-conv.webgpu.ts'
import type { LongConvPlan } from './plan.ts'

const spectraBytes = 2 ** 30 // of one buffer, where the device would allow more

/** Queues what makes `taps` ready for `plan`: a copy for a direct plan, spectra, or nothing where they are recomputed. */
export function prepareFilterGpu(
  plan: LongConvPlan,
  taps: GpuTensor,
  centerTap: number,
  context: GpuContext,
  pool: BufferPool,
): GpuPreparedFilter {
  const { channelCount, length: filterLength } = taps
  const common = { channelCount, filterLength, centerTap, plan }
  if (plan.method === 'direct') {
    const rowStride = rowStrideOf(filterLength)
    const kept: GpuTensor = {
      channelCount,
      length: filterLength,
      rowStride,
      offset: 0,
      buffer: pool.acquire(channelCount * rowStride * 4),
    }
    context.copy(taps, kept)
    return { ...common, taps: kept, owned: [kept.buffer] }
  }
  if (plan.storage === 'f16' && context.precision !== 'f16') {
    throw new ConfigError({
      where: 'prepareFilter',
      what: 'the plan stores f16, which this backend does not',
      remedy: 'make the backend with precision f16',
    })
  }
  if (!plan.keepSpectra) return { ...common, taps, owned: [] }
  const passes = new FftPasses(plan, context)
  const channelBytes = passes.spectrumBytes
  const groupChannels = Math.max(
    1,
    Math.floor(Math.min(spectraBytes, context.limits.maxStorageBufferBindingSize) / channelBytes),
  )
  const spectra: GPUBuffer[] = []
  for (let c = 0; c < channelCount; c += groupChannels) {
    const count = Math.min(groupChannels, channelCount - c)
    const buffer = pool.acquire(count * channelBytes)
    passes.spectrum(view(taps, { channelStart: c, channelCount: count }), { buffer, channel: 0 })
    spectra.push(buffer)
  }
  return { ...common, spectra, groupChannels, owned: spectra }
}

export function releaseFilterGpu(filter: GpuPreparedFilter, pool: BufferPool): void {
  for (const buffer of filter.owned) pool.release(buffer)
}
