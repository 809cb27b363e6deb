import type { LongConvRequest } from '../backend.ts'
import type { CpuInternalKernel } from '../cpu/context.ts'
import { type CpuPreparedFilter, type CpuTensor, row } from '../cpu/cpu-tensor.ts'
import type { Step } from '../cpu/pool.ts'
import type { LongConvPlan } from './plan.ts'

export interface PrepareFilterArguments {
  readonly taps: CpuTensor
  readonly spectra: Float32Array
}

export function planLongConvCpu({ channelCount, length, filterLength }: LongConvRequest): LongConvPlan {
  return { channelCount, length, filterLength, method: 'direct', fftSize: 0, validLength: length, segmentCount: 1, factors: [], keepSpectra: true, frequencySparsity: 0 }
}

export function prepareFilterCpu(
  plan: LongConvPlan,
  taps: CpuTensor,
  centerTap: number,
  { allocate, enqueue }: { allocate: (floatCount: number) => Float32Array; enqueue: (step: Step) => void },
): CpuPreparedFilter {
  const spectra = allocate(taps.channelCount * taps.length)
  enqueue({ op: 'prepareFilter', args: { taps, spectra } })
  return { channelCount: taps.channelCount, filterLength: taps.length, centerTap, plan, spectra }
}

export const prepareFilterKernel: CpuInternalKernel<'prepareFilter'> = ({ taps, spectra }, context) => {
  for (const c of context.tiles(taps.channelCount)) spectra.set(row(taps, c), c * taps.length)
}
