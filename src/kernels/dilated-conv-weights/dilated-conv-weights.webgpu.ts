import { defaultSlope } from '../dilated-conv/dilated-conv.ts'
import { dilatedConvWeights as shader } from '../generated/wgsl.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

/** By definition, a workgroup a weight. */
export const dilatedConvWeightsGpu: GpuKernel<'dilatedConvWeights'> = (a, context) => {
  const { weightGradient, biasGradient, width, dilation, before } = a
  const input = context.apart(a.input, weightGradient)
  const gradient = context.apart(a.gradient, weightGradient, biasGradient)
  const uniforms = {
    inChannels: input.channelCount,
    length: gradient.length,
    width,
    dilation,
    ...place('input', input),
    ...place('gradient', gradient),
  }
  const rows = gradient.channelCount
  context.dispatch({
    shader,
    entry: 'weightSums',
    constants: { hasBefore: before ? 1 : 0, leakySlope: a.slope ?? defaultSlope },
    uniforms: { ...uniforms, ...place('out', weightGradient) },
    buffers: [
      weightGradient.buffer,
      gradient.buffer,
      input.buffer,
      before?.scale.buffer ?? context.none,
      before?.shift.buffer ?? context.none,
    ],
    tiles: input.channelCount * width,
    rows,
  })
  context.dispatch({
    shader,
    entry: 'biasSums',
    uniforms: { ...uniforms, ...place('out', biasGradient) },
    buffers: [biasGradient.buffer, gradient.buffer],
    tiles: 1,
    rows,
  })
}
