import { directConv as directShader } from '../generated/wgsl.ts'
import { type GpuContext, type GpuKernel, type GpuOpArguments, type GpuTensor, place } from '../webgpu/context.ts'

const directTileLength = 256 // as in direct-conv.wgsl

export const longConvGpu: GpuKernel<'longConv'> = (args, context) => {
  const { out } = args
  const a = {
    ...args,
    input: context.apart(args.input, out),
    history: args.history && context.apart(args.history, out),
    pre: args.pre && context.apart(args.pre, out),
  }
  enqueueDirect(a, context)
}

/** Offset and stride, or zeros for an operand that is absent. */
const placeOr0 = (t: GpuTensor | undefined): [number, number] => (t ? place(t) : [0, 0])

function enqueueDirect(a: GpuOpArguments['longConv'], context: GpuContext): void {
  const { out, input, history, filter, inputShift, pre, post, skip } = a
  const taps = filter.taps!
  context.dispatch({
    shader: directShader,
    entry: 'directConv',
    constants: {
      hasPre: pre ? 1 : 0,
      hasSkip: skip ? 1 : 0,
      postSource: post ? (post.buffer === out.buffer ? 2 : 1) : 0,
    },
    u32: [
      out.length, filter.filterLength, input.length, history?.length ?? 0, inputShift, inputShift + filter.centerTap,
      ...place(out), ...place(input), ...placeOr0(history), ...placeOr0(pre), ...placeOr0(post), ...place(taps),
    ],
    buffers: [
      out.buffer,
      input.buffer,
      history?.buffer ?? context.none,
      pre?.buffer ?? context.none,
      post && post.buffer !== out.buffer ? post.buffer : context.none,
      skip?.buffer ?? context.none,
      taps.buffer,
    ],
    tiles: Math.ceil(out.length / directTileLength),
    rows: out.channelCount,
  })
}
