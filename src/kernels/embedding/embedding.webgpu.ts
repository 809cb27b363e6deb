import { embedding as shader } from '../generated/wgsl.ts'
import { type GpuKernel, place } from '../webgpu/context.ts'

const tileLength = 64 // as in embedding.wgsl

export const embeddingGpu: GpuKernel<'embedding'> = ({ out, codes, table }, context) => {
  const from = context.apart(codes, out)
  context.dispatch({
    shader,
    entry: 'embedding',
    u32: [out.channelCount, out.length, ...place(out), from.offset],
    buffers: [out.buffer, from.buffer, table.buffer],
    tiles: Math.ceil(out.length / tileLength),
  })
}
