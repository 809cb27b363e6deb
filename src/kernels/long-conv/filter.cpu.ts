import type { CpuPreparedFilter, CpuTensor } from '../cpu/cpu-tensor.ts'
import type { LongConvPlan } from './plan.ts'

/** What prepareFilterCpu made. */
export interface CpuLongFilter extends CpuPreparedFilter {
  readonly plan: LongConvPlan
  /** Direct: the taps. Else the spectra, [channels][CpuTransform.spectrumFloats], or undefined where the plan keeps none. */
  readonly spectra: Float32Array | undefined
  /** For plans that keep no spectra. */
  readonly taps: CpuTensor | undefined
}

/** What the workers make spectra of, or copy for a direct plan. */
export interface PrepareFilterArguments {
  readonly plan: LongConvPlan
  readonly taps: CpuTensor
  readonly centerTap: number
  readonly spectra: Float32Array
}
