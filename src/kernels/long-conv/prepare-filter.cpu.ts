import { ShapeError } from '../../errors.ts'
import { type CpuTensor, row } from '../cpu/cpu-tensor.ts'
import type { CpuInternalKernel, Step } from '../cpu/steps.ts'
import type { CpuLongFilter } from './filter.cpu.ts'
import { transformOf } from './long-conv.cpu.ts'
import { type LongConvPlan, recomputesSpectra, spectrumFloatsOf } from './plan.ts'

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
  if (recomputesSpectra(plan)) return { ...made, spectra: undefined, taps }
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
