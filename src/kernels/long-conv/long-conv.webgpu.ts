import { directConv as directShader } from '../generated/wgsl.ts'
import { view } from '../tensor.ts'
import type { GpuContext, GpuKernel, GpuOpArguments, GpuTensor } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'
import { FftPasses, type SpectrumPlace } from './fft-conv.webgpu.ts'
import type { TransformPlan } from './plan.ts'

const directTileLength = 256 // as in direct-conv.wgsl

export const longConvGpu: GpuKernel<'longConv'> = (args, context) => {
  const { out } = args
  const a = {
    ...args,
    input: context.apart(args.input, out),
    history: args.history && context.apart(args.history, out),
    pre: args.pre && context.apart(args.pre, out),
  }
  const { plan } = args.filter
  if (plan.method === 'direct') enqueueDirect(a, context)
  else enqueueTransform(a, plan, context)
}

/** Channels in groups whose spectra and work storage fit a binding; segments too where one channel's do not. */
function enqueueTransform(a: GpuOpArguments['longConv'], plan: TransformPlan, context: GpuContext): void {
  const { filter, out } = a
  // The plan fixes transform and segment; how many segments there are, this call's length says.
  const segmentCount = Math.ceil(out.length / plan.validLength)
  const passes = new FftPasses(plan, context)
  const blockBytes = passes.spectrumBytes
  const blocksAtOnce = Math.max(
    1,
    Math.floor(Math.min(context.tuning.workBytes, context.limits.maxStorageBufferBindingSize) / blockBytes),
  )
  const segmentsAtOnce = passes.isFused ? segmentCount : Math.min(segmentCount, blocksAtOnce)
  const channelsAtOnce = Math.min(
    passes.isFused && filter.spectra
      ? out.channelCount
      : Math.max(1, Math.floor(blocksAtOnce / (passes.isFused ? 1 : segmentsAtOnce))),
    filter.groupChannels ?? out.channelCount,
    out.channelCount,
  )
  const work = passes.isFused
    ? undefined
    : context.scratch(1, (channelsAtOnce * segmentsAtOnce * blockBytes) / 4).buffer
  const recomputed = filter.spectra ? undefined : context.scratch(1, (channelsAtOnce * blockBytes) / 4).buffer
  const groupChannels = filter.groupChannels ?? out.channelCount
  for (let c = 0; c < out.channelCount; ) {
    // A group of channels never straddles two spectra buffers.
    const channelCount = Math.min(channelsAtOnce, out.channelCount - c, groupChannels - (c % groupChannels))
    const of = <T extends GpuTensor | undefined>(t: T): T => (t ? view(t, { channelStart: c, channelCount }) : t) as T
    let spectra: SpectrumPlace
    if (recomputed) {
      spectra = { buffer: recomputed, channel: 0 }
      passes.spectrum(of(filter.taps!), spectra)
    } else {
      spectra = { buffer: filter.spectra![Math.floor(c / groupChannels)], channel: c % groupChannels }
    }
    const operands = {
      out: of(out),
      input: of(a.input),
      history: of(a.history),
      pre: of(a.pre),
      post: of(a.post),
      skip: a.skip,
      skipOffset: c,
      inputShift: a.inputShift,
      center: a.inputShift + filter.centerTap,
    }
    for (let first = 0; first < segmentCount; first += segmentsAtOnce) {
      passes.convolve(operands, { first, count: Math.min(segmentsAtOnce, segmentCount - first) }, spectra, work)
    }
    c += channelCount
  }
}

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
    uniforms: {
      length: out.length,
      filterLength: filter.filterLength,
      inputLength: input.length,
      historyLength: history?.length ?? 0,
      inputShift,
      center: inputShift + filter.centerTap,
      ...place('out', out),
      ...place('input', input),
      ...place('history', history),
      ...place('pre', pre),
      ...place('post', post),
      skipOffset: 0,
      ...place('taps', taps),
    },
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
