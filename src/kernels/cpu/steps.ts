import type { CpuDilatedConvArguments, PrepareDilatedConvArguments } from '../dilated-conv/arguments.cpu.ts'
import type { PrepareFilterArguments } from '../long-conv/filter.cpu.ts'
import type { OpArguments, OpName } from '../ops.ts'
import type { CpuContext } from './context.ts'
import type { CpuPreparedFilter, CpuTensor, CpuWeights } from './cpu-tensor.ts'

/** What kernels of this backend take: the ops' arguments, made ready. */
export interface CpuOpArguments extends OpArguments<CpuTensor, CpuWeights, CpuPreparedFilter> {
  dilatedConv: CpuDilatedConvArguments
}
export type CpuKernel<K extends OpName> = (args: CpuOpArguments[K], context: CpuContext) => void

/** Steps that only this backend has: host writes in queue order, and readying filters. */
export interface CpuInternalArguments {
  write: { readonly out: CpuTensor; readonly data: Float32Array } // data [channelCount, length] in shared memory
  read: { readonly input: CpuTensor; readonly data: Float32Array } // data [channelCount, length] in shared memory
  prepareFilter: PrepareFilterArguments
  prepareDilatedConv: PrepareDilatedConvArguments
}
export type CpuInternalKernel<K extends keyof CpuInternalArguments> = (
  args: CpuInternalArguments[K],
  context: CpuContext,
) => void

/** One op or internal step, as it is queued and sent to the workers. */
export type Step =
  | { [K in OpName]: { readonly op: K; readonly args: CpuOpArguments[K] } }[OpName]
  | {
      [K in keyof CpuInternalArguments]: { readonly op: K; readonly args: CpuInternalArguments[K] }
    }[keyof CpuInternalArguments]
