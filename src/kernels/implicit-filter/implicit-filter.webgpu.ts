import { implicitFilter as shader } from '../generated/wgsl.ts'
import { enqueueLinear } from '../linear/linear.webgpu.ts'
import { view } from '../tensor.ts'
import type { GpuContext, GpuKernel, GpuTensor, GpuWeights } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'
import type { ImplicitFilterArguments } from './implicit-filter.ts'

const threads = 64 // as in implicit-filter.wgsl
const tileTaps = 2 ** 18
const exact = { precision: 'f32' } as const

/** Tiles of taps: features, then dense layers with sines, then the output layer and the window. */
export const implicitFilterGpu: GpuKernel<'implicitFilter'> = (a, context) => {
  const { out } = a
  const width = a.freq.shape[0]
  const count = Math.min(tileTaps, out.length)
  const features = context.scratch(a.embeddingSize, count)
  const hidden = [context.scratch(width, count), context.scratch(width, count)]
  for (let start = 0; start < out.length; start += tileTaps) {
    const part = { length: Math.min(tileTaps, out.length - start) }
    const firstTap = a.firstTap + start
    const z = view(features, part)
    const host = a.z && a.t ? undefined : filterFeatures(a, firstTap, part.length)
    const residues = a.z ? undefined : enqueueComputed(z, host!, context)
    if (a.z) enqueueGather(z, a.z, firstTap, context)
    let h = z
    a.layers.forEach((layer, i) => {
      const next = view(hidden[i % 2], part)
      enqueueLinear({ out: next, input: h, ...layer }, context, exact) // its sines multiply errors, whatever the precision
      if (i === 0 && residues)
        enqueueLinear({ out: next, input: residues, weight: layer.weight, residual: next }, context, exact)
      pointwise('sine', next, a.freq, undefined, 0, a.shift, context)
      h = next
    })
    const taps = view(out, { start, length: part.length })
    enqueueLinear({ out: taps, input: h, weight: a.outWeight }, context, exact)
    const t = a.t ? a.t.buffer : context.upload(host!.t)
    pointwise('modulate', taps, a.deltas, t, a.t ? firstTap : 0, a.shift, context)
  }
}

function pointwise(
  entry: 'sine' | 'modulate',
  out: GpuTensor,
  factors: GpuWeights,
  t: GPUBuffer | undefined,
  tOffset: number,
  shift: number,
  context: GpuContext,
): void {
  context.dispatch({
    shader,
    entry,
    uniforms: {
      channelCount: out.channelCount,
      length: out.length,
      ...place('out', out),
      firstTap: 0,
      embeddingSize: 0,
      tOffset,
      shift,
    },
    buffers: [out.buffer, factors.buffer, t],
    tiles: Math.ceil(out.length / threads),
    rows: out.channelCount,
  })
}

function enqueueGather(z: GpuTensor, table: GpuWeights, firstTap: number, context: GpuContext): void {
  context.dispatch({
    shader,
    entry: 'gatherFeatures',
    uniforms: {
      channelCount: z.channelCount,
      length: z.length,
      ...place('out', z),
      firstTap,
      embeddingSize: z.channelCount,
      tOffset: 0,
      shift: 0,
    },
    buffers: [z.buffer, table.buffer],
    tiles: Math.ceil(z.length / threads),
    rows: z.channelCount,
  })
}

/** Fills z and gives what f32 cannot hold of it: the first layer is multiplied up to a hundredfold by those after it. */
function enqueueComputed(z: GpuTensor, host: FilterFeatures, context: GpuContext): GpuTensor {
  const residues = context.scratch(z.channelCount, z.length)
  for (const [tensor, values] of [
    [z, host.z],
    [residues, host.residues],
  ] as const) {
    context.copy({ ...tensor, offset: 0, rowStride: z.length, buffer: context.upload(values) }, tensor)
  }
  return residues
}

interface FilterFeatures {
  readonly z: Float32Array // [embeddingSize, count]
  readonly residues: Float32Array // [embeddingSize, count]: float64 value - z
  readonly t: Float32Array // [count]
}

/** z and t of taps firstTap .. + count in float64 (implicit-filter.ts): a device's own sines would not do. */
function filterFeatures(
  { tapCount, embeddingSize }: Pick<ImplicitFilterArguments, 'tapCount' | 'embeddingSize'>,
  firstTap: number,
  count: number,
): FilterFeatures {
  const bands = (embeddingSize - 1) / 2
  const exact = new Float64Array(embeddingSize * count)
  const t = new Float32Array(count)
  for (let p = 0; p < count; p++) {
    const i = firstTap + p
    exact[p] = i / Math.max(1, tapCount - 1)
    t[p] = exact[p]
    for (let b = 0; b < bands; b++) {
      const frequency = bands === 1 ? 1e-4 : 1e-4 + ((bands - 1 - 1e-4) * b) / (bands - 1)
      const angle = (frequency * 2 * Math.PI * i) / tapCount
      exact[(1 + b) * count + p] = Math.cos(angle)
      exact[(1 + bands + b) * count + p] = -Math.sin(angle)
    }
  }
  const z = Float32Array.from(exact)
  return { z, residues: Float32Array.from(exact, (value, i) => value - z[i]), t }
}
