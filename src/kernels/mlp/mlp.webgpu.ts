import { enqueueLinear, enqueueStatistics } from '../linear/linear.webgpu.ts'
import { view } from '../tensor.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { tilePositions } from '../webgpu/tuning.ts'

/** Two dense layers; the hidden activations exist for a tile of positions at a time. */
export const mlpGpu: GpuKernel<'mlp'> = (a, context) => {
  const hidden = a.fc1.weight.shape[0]
  const { length } = a.out
  const { tuning, limits } = context
  const tileLength = tilePositions(length, hidden * 4, tuning.tileBytes, limits.maxStorageBufferBindingSize)
  const statistics = a.norm && enqueueStatistics(a.input, a.norm, context)
  const middle = context.scratch(hidden, tileLength)
  for (let start = 0; start < length; start += tileLength) {
    const part = { start, length: Math.min(tileLength, length - start) }
    const input = view(a.input, part)
    const tile = view(middle, { length: part.length })
    enqueueLinear({ out: tile, input, norm: a.norm, ...a.fc1, activation: 'gelu' }, context, {
      statistics: statistics && { ...statistics, start },
    })
    enqueueLinear({ out: view(a.out, part), input: tile, ...a.fc2, residual: input }, context)
  }
}
