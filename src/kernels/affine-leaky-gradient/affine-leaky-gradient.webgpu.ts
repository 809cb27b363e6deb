import { defaultSlope } from '../dilated-conv/dilated-conv.ts'
import { affineLeakyGradient as shader } from '../generated/wgsl.ts'
import { copyColumns } from '../webgpu/columns.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

const tileLength = 64 // as in affine-leaky-gradient.wgsl

export const affineLeakyGradientGpu: GpuKernel<'affineLeakyGradient'> = (a, context) => {
  const { out, scale, shift } = a
  const { channelCount, length } = a.input
  const [input, gradient] = [context.apart(a.input, out), context.apart(a.gradient, out)]
  const skip = a.skip && context.apart(a.skip, out)
  const uniforms = {
    channelCount,
    length,
    padding: (out.length - length) / 2,
    margin: skip ? (length - skip.length) / 2 : 0,
    ...place('input', input),
    ...place('gradient', gradient),
    ...place('skip', skip),
  }
  const constants = { leakySlope: a.slope ?? defaultSlope }
  const operands = [input.buffer, gradient.buffer, scale.buffer, shift.buffer]
  context.dispatch({
    shader,
    entry: 'inputGradient',
    constants: { ...constants, hasSkip: skip ? 1 : 0 },
    uniforms: { ...uniforms, ...place('out', out) },
    buffers: [out.buffer, ...operands, skip?.buffer ?? context.none],
    tiles: Math.ceil(out.length / tileLength),
    rows: channelCount,
  })
  const sums = context.scratch(2, channelCount)
  context.dispatch({
    shader,
    entry: 'affineSums',
    constants,
    uniforms: { ...uniforms, ...place('out', sums) },
    buffers: [sums.buffer, ...operands],
    tiles: 1,
    rows: channelCount,
  })
  copyColumns(sums, [a.scaleGradient, a.shiftGradient], context)
}
