import { copyPieces as shader } from '../generated/wgsl.ts'
import { pieceLength } from '../pieces.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

const tileLength = 64 // as in copy-pieces.wgsl

export const copyPiecesGpu: GpuKernel<'copyPieces'> = ({ out, input, starts, shift, pieces }, context) => {
  const from = context.apart(input, out)
  const places = context.apart(starts, out)
  const length = pieceLength(out, pieces)
  context.dispatch({
    shader,
    entry: 'copyPieces',
    uniforms: {
      count: pieces.count,
      length,
      stride: pieces.stride,
      shift,
      inputLength: from.length,
      startsOffset: places.offset,
      ...place('out', out),
      ...place('input', from),
    },
    buffers: [out.buffer, from.buffer, places.buffer],
    tiles: Math.ceil((pieces.count * length) / tileLength),
    rows: out.channelCount,
  })
}
