import { embedding as shader } from '../generated/wgsl.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

const tileLength = 64 // as in embedding.wgsl

export const embeddingGpu: GpuKernel<'embedding'> = ({ out, codes, table }, context) => {
  const from = context.apart(codes, out)
  context.dispatch({
    shader,
    entry: 'embedding',
    uniforms: {
      channelCount: out.channelCount,
      length: out.length,
      ...place('out', out),
      codesOffset: from.offset,
    },
    buffers: [out.buffer, from.buffer, table.buffer],
    tiles: Math.ceil(out.length / tileLength),
  })
}
