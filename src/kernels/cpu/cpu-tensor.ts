import type { PreparedFilter } from '../long-conv/long-conv.ts'
import type { Tensor, Weights } from '../tensor.ts'

/** Activations in a SharedArrayBuffer, outside WASM memory: kernels copy tiles in and out, as a GPU does with workgroup memory. */
export interface CpuTensor extends Tensor {
  readonly data: Float32Array
}
export interface CpuWeights extends Weights {
  readonly data: Float32Array
}
/** Spectra in a SharedArrayBuffer, shared by all workers; their layout belongs to long-conv.cpu.ts. */
export interface CpuPreparedFilter extends PreparedFilter {
  readonly [field: string]: unknown
}

/** Row `channel` of a tensor as an array on its memory. */
export const row = (t: CpuTensor, channel: number, start = 0, length = t.length - start): Float32Array => {
  const first = t.offset + channel * t.rowStride + start
  return t.data.subarray(first, first + length)
}
