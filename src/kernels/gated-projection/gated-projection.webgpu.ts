import { gatedProjection as shader } from '../generated/wgsl.ts'
import { enqueueLinear, enqueueStatistics } from '../linear/linear.webgpu.ts'
import { view } from '../tensor.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'
import { tilePositions } from '../webgpu/tuning.ts'

const threads = 64 // as in gated-projection.wgsl

/**
 * For a tile of positions: the dense layer into `u [3 channels, tile + taps - 1]`, then short convolution and gate. Column
 * i of u belongs to position start - (taps - 1) + i (causal) or start + i (valid).
 */
export const gatedProjectionGpu: GpuKernel<'gatedProjection'> = (a, context) => {
  const { channelCount, length } = a.gate
  const halo = a.shortWeight.shape[1] - 1
  const { tuning, limits } = context
  const tileLength = tilePositions(length, 3 * channelCount * 4, tuning.tileBytes, limits.maxStorageBufferBindingSize)
  const u = context.scratch(3 * channelCount, tileLength + halo)
  const project = { weight: a.weight, bias: a.bias, norm: a.norm }
  const input = context.apart(a.input, a.gate, a.value)
  const statistics = a.norm && enqueueStatistics(input, a.norm, context)
  // One dispatch cannot write two tensors of one buffer.
  const value = a.value.buffer === a.gate.buffer ? context.scratch(channelCount, length) : a.value
  for (let start = 0; start < length; start += tileLength) {
    const count = Math.min(tileLength, length - start)
    const first = a.padding === 'causal' ? start - halo : start
    const before = Math.min(count + halo, Math.max(0, -first))
    const known = count + halo - before
    if (known > 0) {
      const part = view(input, { start: first + before, length: known })
      enqueueLinear({ out: view(u, { start: before, length: known }), input: part, ...project }, context, {
        statistics: statistics && { ...statistics, start: first + before },
      })
    }
    if (before > 0 && a.history) {
      const part = view(a.history, { start: halo + first, length: before })
      enqueueLinear({ out: view(u, { length: before }), input: part, ...project }, context)
    }
    const gateTile = view(a.gate, { start, length: count })
    const valueTile = view(value, { start, length: count })
    context.dispatch({
      shader,
      entry: 'gatedProjection',
      uniforms: {
        channelCount,
        length: count,
        taps: halo + 1,
        zeroCount: a.history ? 0 : before,
        uStride: u.rowStride,
        ...place('gate', gateTile),
        ...place('value', valueTile),
      },
      buffers: [gateTile.buffer, valueTile.buffer, u.buffer, a.shortWeight.buffer, a.shortBias.buffer],
      tiles: Math.ceil(count / threads),
      rows: channelCount,
    })
  }
  if (value !== a.value) context.copy(value, a.value)
}
