import { dilatedConv as registers, dilatedConvMatrix as matrix } from '../generated/wgsl.ts'
import { storedWeights } from '../webgpu/product/half-weights.ts'
import { pieceLength } from '../pieces.ts'
import { enqueueProduct } from '../webgpu/product/product.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'
import { defaultSlope } from './dilated-conv.ts'

/** A product over (input channel, tap). */
export const dilatedConvGpu: GpuKernel<'dilatedConv'> = (a, context) => {
  const { out, weight, before, residual, pieces } = a
  const [outChannels, inChannels, width] = weight.shape as [number, number, number]
  const input = context.apart(a.input, out)
  const length = pieceLength(out, pieces)
  const count = pieces?.count ?? 1
  enqueueProduct(
    {
      shaders: { registers, matrix },
      precision: context.precision,
      outChannels,
      length: count * length,
      input: { channelCount: inChannels, length: count * (length + (width - 1) * a.dilation) },
      constants: {
        hasBefore: before ? 1 : 0,
        hasAfter: a.after ? 1 : 0,
        hasPieces: pieces ? 1 : 0,
        leakySlope: a.slope ?? defaultSlope,
        residualSource: residual ? (residual.buffer === out.buffer ? 2 : 1) : 0,
      },
      uniforms: {
        outChannels,
        inChannels,
        length: count * length,
        pieceLength: length,
        pieceStride: pieces?.stride ?? 0,
        width,
        dilation: a.dilation,
        ...place('out', out),
        ...place('input', input),
        ...place('residual', residual),
      },
      buffers: {
        1: out.buffer,
        2: input.buffer,
        3: storedWeights(weight, context),
        4: a.bias.buffer,
        5: before?.scale.buffer ?? context.none,
        6: before?.shift.buffer ?? context.none,
        7: residual && residual.buffer !== out.buffer ? residual.buffer : context.none,
      },
      inputBindings: [2, 5, 6],
      range: { binding: 8, element: 0 },
    },
    context,
  )
}
