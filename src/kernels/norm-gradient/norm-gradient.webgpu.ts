import { normGradient as shader } from '../generated/wgsl.ts'
import { copyColumns } from '../webgpu/columns.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

const tileLength = 64 // as in norm-gradient.wgsl

export const normGradientGpu: GpuKernel<'normGradient'> = (a, context) => {
  const { out, norm } = a
  const { channelCount, length } = a.input
  const [input, gradient] = [context.apart(a.input, out), context.apart(a.gradient, out)]
  const statistics = context.scratch(2, length)
  const sums = context.scratch(2, channelCount)
  const uniforms = {
    channelCount,
    length,
    epsilon: norm.epsilon,
    ...place('input', input),
    ...place('gradient', gradient),
    ...place('statistics', statistics),
  }
  const operands = [input.buffer, gradient.buffer]
  context.dispatch({
    shader,
    entry: 'inputGradient',
    uniforms: { ...uniforms, ...place('out', out) },
    buffers: [out.buffer, ...operands, norm.weight.buffer, statistics.buffer],
    tiles: Math.ceil(length / tileLength),
  })
  context.dispatch({
    shader,
    entry: 'normSums',
    uniforms: { ...uniforms, ...place('out', sums) },
    buffers: [sums.buffer, ...operands, undefined, statistics.buffer],
    tiles: 1,
    rows: channelCount,
  })
  copyColumns(sums, [a.weightGradient, a.biasGradient], context)
}
