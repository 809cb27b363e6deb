import type { LongConvRequest } from '../backend.ts'
import type { CpuInternalKernel } from '../cpu/context.ts'
import { type CpuPreparedFilter, type CpuTensor, row } from '../cpu/cpu-tensor.ts'
import type { Step } from '../cpu/pool.ts'
import { transformOf } from './long-conv.cpu.ts'
import { type LongConvPlan, planLongConv } from './plan.ts'

export interface PrepareFilterArguments {
  readonly plan: LongConvPlan
  readonly taps: CpuTensor
  readonly centerTap: number
  readonly spectra: Float32Array
}

export function planLongConvCpu(request: LongConvRequest): LongConvPlan {
  return planLongConv(request)
}

export function prepareFilterCpu(
  plan: LongConvPlan,
  taps: CpuTensor,
  centerTap: number,
  { allocate, enqueue }: { allocate: (floatCount: number) => Float32Array; enqueue: (step: Step) => void },
): CpuPreparedFilter {
  const spectra = allocate(taps.channelCount * (plan.method === 'direct' ? taps.length : plan.fftSize))
  enqueue({ op: 'prepareFilter', args: { plan, taps, centerTap, spectra } })
  return { channelCount: taps.channelCount, filterLength: taps.length, centerTap, plan, spectra }
}

export const prepareFilterKernel: CpuInternalKernel<'prepareFilter'> = ({ plan, taps, centerTap, spectra }, context) => {
  if (plan.method === 'direct') {
    for (const c of context.tiles(taps.channelCount)) spectra.set(row(taps, c), c * taps.length)
    return
  }
  const transform = transformOf(context, plan)
  for (const c of context.tiles(taps.channelCount)) {
    const real = transform.loadTaps(row(taps, c), centerTap)
    transform.spectrum(spectra, c * plan.fftSize, real)
  }
}
