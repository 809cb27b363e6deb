import type { CpuTensor, CpuWeights } from '../cpu/cpu-tensor.ts'
import type { DilatedConvArguments } from './dilated-conv.ts'
import type { DilatedConvPlan } from './plan.ts'

/** What the workers get: the op's arguments, how to compute it, and the weights in the order that way reads them. */
export interface CpuDilatedConvArguments extends DilatedConvArguments<CpuTensor, CpuWeights> {
  readonly plan: DilatedConvPlan
  readonly packed: Float32Array // in shared memory, one for all workers
}

export interface PrepareDilatedConvArguments {
  readonly weight: CpuWeights
  readonly plan: DilatedConvPlan
  readonly packed: Float32Array
}
