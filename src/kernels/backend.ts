import type { DilatedConvRequest } from './dilated-conv/plan.ts'
import type { LongConvPlan, LongConvRequest } from './long-conv/plan.ts'
import type { PreparedFilter } from './long-conv/long-conv.ts'
import type { Ops } from './ops.ts'
import type { Precision } from './precision.ts'
import type { RoughSeconds } from './rough-seconds.ts'
import type { Tensor, Weights } from './tensor.ts'

/** Where models run: memory, ops and the numbers that planning needs. Passed in as a value; there is no global one. */
export interface Backend {
  readonly kind: 'cpu' | 'webgpu'
  /** What a user recognises, e.g. `cpu (2 threads, relaxed SIMD)` or `NVIDIA H100 (Vulkan)`. */
  readonly description: string
  /** What it computes with, whatever was asked for: f16 only where the device has it. */
  readonly precision: Precision
  readonly limits: BackendLimits
  readonly roughSeconds: RoughSeconds
  readonly ops: Ops
  /** Bytes of activations, weights and filters now allocated. */
  readonly memory: { readonly currentBytes: number }

  /**
   * An uninitialised `[channelCount, length]`.
   *
   * @throws LimitError beyond the backend's limits
   * @throws DeviceError('out-of-memory') where the system gives no more; a GPU says so at the next flush
   */
  tensor(channelCount: number, length: number): Tensor
  /** Makes the memory available again; views of it must no longer be used. */
  release(tensor: Tensor): void
  /** Uploads constants; `data.length` must be the product of `shape`. */
  weights(data: Float32Array, shape: readonly number[]): Weights
  releaseWeights(weights: Weights): void
  /** Copies host values, `[channelCount, length]` contiguous, into the tensor (in queue order). */
  write(tensor: Tensor, data: Float32Array): void
  /** Runs what is queued and gives the values, `[channelCount, length]` contiguous, in a fresh array. */
  read(tensor: Tensor): Promise<Float32Array>
  /** Runs what is queued. */
  flush(): Promise<void>

  /** The plan this backend would choose (data; see long-conv/plan.ts). */
  planLongConv(request: LongConvRequest): LongConvPlan
  /** Bytes that a long convolution by `plan` takes while it runs, besides its operands and its filter. */
  longConvScratchBytes(plan: LongConvPlan): number
  /** How this backend would compute a dilated convolution, in a line for people. */
  explainDilatedConv(request: DilatedConvRequest): string
  /** Bytes of the form that such a convolution's weights are brought into at their first use; 0 where they are used as they are. */
  preparedDilatedConvBytes(request: DilatedConvRequest): number
  /** Readies taps `[channels, filterLength]` (tap 0 first) for `plan`; the taps may be released afterwards unless the plan recomputes spectra. */
  prepareFilter(plan: LongConvPlan, taps: Tensor, options: { centerTap: number }): PreparedFilter
  releaseFilter(filter: PreparedFilter): void

  /** Frees everything; afterwards every call throws. */
  destroy(): Promise<void>
}

export interface BackendLimits {
  /** Bytes one tensor may have. */
  readonly maxTensorBytes: number
  /** Bytes that tensors, weights and filters may have together (`memoryBytes`); undefined where nothing was said. */
  readonly maxTotalBytes: number | undefined
}
