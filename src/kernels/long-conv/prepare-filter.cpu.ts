import { ShapeError } from '../../errors.ts'
import type { CpuInternalKernel } from '../cpu/context.ts'
import { type CpuTensor, row } from '../cpu/cpu-tensor.ts'
import type { Step } from '../cpu/pool.ts'
import { type CpuLongFilter, transformOf } from './long-conv.cpu.ts'
import { type LongConvPlan, spectrumFloatsOf } from './plan.ts'

export interface PrepareFilterArguments {
  readonly plan: LongConvPlan
  readonly taps: CpuTensor
  readonly centerTap: number
  readonly spectra: Float32Array
}

/** Queues what makes `taps` ready. Where the plan keeps no spectra, nothing is made: every call transforms the taps again. */
export function prepareFilterCpu(
  plan: LongConvPlan,
  taps: CpuTensor,
  centerTap: number,
  { allocate, enqueue }: { allocate: (floatCount: number) => Float32Array; enqueue: (step: Step) => void },
): CpuLongFilter {
  if (plan.filterLength !== taps.length || plan.channelCount !== taps.channelCount) {
    throw new ShapeError({
      where: 'prepareFilter',
      what: 'taps do not fit the plan',
      expected: `[${plan.channelCount}, ${plan.filterLength}]`,
      got: `[${taps.channelCount}, ${taps.length}]`,
    })
  }
  const made = { channelCount: taps.channelCount, filterLength: taps.length, centerTap, plan }
  if (plan.method === 'fft' && !plan.keepSpectra) return { ...made, spectra: undefined, taps }
  const spectra = allocate(taps.channelCount * (plan.method === 'direct' ? taps.length : spectrumFloatsOf(plan)))
  enqueue({ op: 'prepareFilter', args: { plan, taps, centerTap, spectra } })
  return { ...made, spectra, taps: undefined }
}

export const prepareFilterKernel: CpuInternalKernel<'prepareFilter'> = (
  { plan, taps, centerTap, spectra },
  context,
) => {
  if (plan.method === 'direct') {
    for (const c of context.tiles(taps.channelCount)) spectra.set(row(taps, c), c * taps.length)
    return
  }
  const transform = transformOf(context, plan)
  for (const c of context.tiles(taps.channelCount)) {
    const realInput = transform.loadTaps(row(taps, c), centerTap)
    transform.spectrum(spectra, c * transform.spectrumFloats, realInput)
  }
}
