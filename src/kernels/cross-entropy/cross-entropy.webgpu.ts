import { crossEntropy as shader } from '../generated/wgsl.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

const tileLength = 64 // as in cross-entropy.wgsl

export const crossEntropyGpu: GpuKernel<'crossEntropy'> = ({ gradient, loss, scale, ...a }, context) => {
  const [logits, labels] = [context.apart(a.logits, gradient, loss), context.apart(a.labels, gradient, loss)]
  context.dispatch({
    shader,
    entry: 'crossEntropy',
    uniforms: {
      classCount: logits.channelCount,
      length: logits.length,
      ...place('gradient', gradient),
      lossOffset: loss.offset,
      ...place('logits', logits),
      labelsOffset: labels.offset,
      scale,
    },
    buffers: [gradient.buffer, loss.buffer, logits.buffer, labels.buffer],
    tiles: Math.ceil(logits.length / tileLength),
  })
}
