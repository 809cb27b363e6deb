import { dilatedConv as shader } from '../generated/wgsl.ts'
import { linearThreads } from '../linear/linear.webgpu.ts'
import { type GpuKernel, place } from '../webgpu/context.ts'

const outputsPerThread = 8 // as in dilated-conv.wgsl
const positionsPerThread = 4

export const dilatedConvGpu: GpuKernel<'dilatedConv'> = (a, context) => {
  const { out, weight, before, residual } = a
  const [outChannels, inChannels, width] = weight.shape as [number, number, number]
  const input = context.apart(a.input, out)
  const { threadsO, threadsT } = linearThreads(outChannels, out.length)
  context.dispatch({
    shader,
    entry: 'dilatedConv',
    constants: {
      threadsT,
      threadsO,
      hasBefore: before ? 1 : 0,
      hasAfter: a.after ? 1 : 0,
      residualSource: residual ? (residual.buffer === out.buffer ? 2 : 1) : 0,
    },
    u32: [outChannels, inChannels, out.length, width, a.dilation, ...place(out), ...place(input), ...place(residual ?? out)],
    buffers: [
      out.buffer,
      input.buffer,
      weight.buffer,
      a.bias.buffer,
      before?.scale.buffer ?? context.none,
      before?.shift.buffer ?? context.none,
      residual && residual.buffer !== out.buffer ? residual.buffer : context.none,
    ],
    tiles: Math.ceil(out.length / (threadsT * positionsPerThread)),
    rows: Math.ceil(outChannels / (threadsO * outputsPerThread)),
  })
}
