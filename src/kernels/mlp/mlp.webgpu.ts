import { enqueueLinear } from '../linear/linear.webgpu.ts'
import { view } from '../tensor.ts'
import type { GpuKernel } from '../webgpu/context.ts'

/** Hidden values of one step: enough positions to fill a device, few enough to stay near its last-level cache. */
const hiddenBytes = 32 * 2 ** 20

/** Two dense layers; the hidden activations exist for a tile of positions at a time. */
export const mlpGpu: GpuKernel<'mlp'> = (a, context) => {
  const hidden = a.fc1.weight.shape[0]
  const { length } = a.out
  const tileLength = Math.min(length, Math.max(256, Math.floor(hiddenBytes / (hidden * 4 * 256)) * 256))
  const middle = context.scratch(hidden, tileLength)
  for (let start = 0; start < length; start += tileLength) {
    const part = { start, length: Math.min(tileLength, length - start) }
    const input = view(a.input, part)
    const tile = view(middle, { length: part.length })
    enqueueLinear({ out: tile, input, norm: a.norm, ...a.fc1, activation: 'gelu' }, context)
    enqueueLinear({ out: view(a.out, part), input: tile, ...a.fc2, residual: input }, context)
  }
}
