import { halfWeights as shader } from '../../generated/wgsl.ts'
import type { GpuContext, GpuWeights } from '../context.ts'

/**
 * Storage of weights `[rows, ..]` as products read them in `context.precision`. As f16: each row divided by a power of two
 * of its own, then the rows' exponents; made once, and kept beside the f32 values while the weights live.
 */
export function storedWeights(weights: GpuWeights, context: GpuContext): GPUBuffer {
  if (context.precision === 'f32') return weights.buffer
  if (!weights.half) {
    const rows = weights.shape[0]
    const rowLength = weights.shape.slice(1).reduce((product, n) => product * n, 1)
    weights.half = context.keep(Math.max(16, Math.ceil((rows * (rowLength + 1)) / 8) * 16))
    context.dispatch({
      shader,
      entry: 'halfWeights',
      precision: 'f16',
      uniforms: { rows, rowLength },
      buffers: [weights.half, weights.buffer],
      tiles: rows,
    })
  }
  return weights.half
}
