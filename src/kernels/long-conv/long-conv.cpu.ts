import type { CpuContext } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'
import type { CpuKernel } from '../cpu/steps.ts'
import type { WasmScratch } from '../cpu/wasm.ts'
import { type LongConvExports, longConvWasm } from '../generated/long-conv.wasm.ts'
import type { CpuLongFilter } from './filter.cpu.ts'
import { Mover, moverFloats, type Signal } from './mover.cpu.ts'
import type { TransformPlan } from './plan.ts'
import { CpuTransform } from './transform.cpu.ts'

const transforms = new WeakMap<WasmScratch<LongConvExports>, { key: string; transform: CpuTransform }>()

/** This worker's transform of the plan's shape; it stays ready until another shape is asked for. */
export function transformOf(context: CpuContext, plan: TransformPlan): CpuTransform {
  const scratch = context.wasm(longConvWasm)
  const key = [plan.fftSize, ...plan.factors, plan.keepSpectra, plan.frequencySparsity].join(' ')
  const ready = transforms.get(scratch)
  if (ready?.key === key) return ready.transform
  const transform = new CpuTransform(scratch, plan)
  transforms.set(scratch, { key, transform })
  return transform
}

const none = new Float32Array(0)
type Arguments = Parameters<CpuKernel<'longConv'>>[0]

const signalOf = (a: Arguments, c: number): Signal => ({
  history: a.history ? row(a.history, c) : none,
  input: row(a.input, c),
  pre: a.pre && row(a.pre, c),
})
const skipOf = (a: Arguments, c: number): number => (a.skip ? a.skip.data[c] : 0)

/**
 * Overlap-save. Work is shared out by (channel, segment); where spectra are not kept, by channel (its segments in as few
 * groups as keep all workers busy), and each group begins by transforming the channel's taps.
 */
export const longConvCpu: CpuKernel<'longConv'> = (a, context) => {
  const { plan, spectra, taps } = a.filter as CpuLongFilter
  if (plan.method === 'direct') {
    directLongConv(a, context, spectra!)
    return
  }
  const transform = transformOf(context, plan)
  const { channelCount, length } = a.out
  const segmentCount = Math.ceil(length / plan.validLength)
  const segmentLength = Math.ceil(length / segmentCount)
  const groups = spectra ? segmentCount : Math.min(segmentCount, Math.ceil(context.workerCount / channelCount))
  for (const item of context.tiles(channelCount * groups)) {
    const c = Math.floor(item / groups)
    const group = item % groups
    if (!spectra) transform.ownSpectrum(transform.loadTaps(row(taps!, c), a.filter.centerTap))
    const end = Math.floor(((group + 1) * segmentCount) / groups)
    for (let s = Math.floor((group * segmentCount) / groups); s < end; s++) {
      const start = s * segmentLength
      if (start < length)
        convolveSegment(a, transform, plan, spectra, c, start, Math.min(segmentLength, length - start))
    }
  }
}

/** Outputs [start, start + count) of channel c by one transform. */
function convolveSegment(
  a: Arguments,
  transform: CpuTransform,
  plan: TransformPlan,
  spectra: Float32Array | undefined,
  c: number,
  start: number,
  count: number,
): void {
  const { filterLength, centerTap } = a.filter
  const signal = signalOf(a, c)
  const skip = skipOf(a, c)
  const isSparse = plan.frequencySparsity > 0
  // The block begins at the first source that is not a zero before the signal, so that a half of zeros is its second half.
  const center = start + a.inputShift
  const first = Math.min(center, Math.max(-signal.history.length, center + centerTap - filterLength + 1))
  const end = Math.max(first, Math.min(a.input.length, center + count + centerTap))
  const position = center - first
  const realInput = transform.load(signal, first, end - first)
  // skip * x is skip more at every frequency, as long as every frequency is there.
  transform.convolve(
    spectra,
    c * transform.spectrumFloats,
    isSparse ? 0 : skip,
    realInput,
    position + count <= transform.size,
  )
  transform.store(row(a.out, c), start, position, count, a.post && row(a.post, c), isSparse ? skip : 0, signal, center)
}

const directPiece = 4096

/** By definition, for filters shorter than a transform is worth. */
function directLongConv(a: Arguments, context: CpuContext, taps: Float32Array): void {
  const { filterLength, centerTap } = a.filter
  const scratch = context.wasm(longConvWasm)
  transforms.delete(scratch)
  scratch.reset()
  const y = scratch.allocate(directPiece + 16)
  const x = scratch.allocate(directPiece + filterLength + 16)
  const tapsAt = scratch.allocate(filterLength)
  const temporary = scratch.allocate(moverFloats)
  const mover = new Mover(scratch.exports, scratch.floats(0, (temporary >> 2) + moverFloats), temporary)
  const pieces = Math.ceil(a.out.length / directPiece)
  for (const item of context.tiles(a.out.channelCount * pieces)) {
    const c = Math.floor(item / pieces)
    const start = (item % pieces) * directPiece
    const count = Math.min(directPiece, a.out.length - start)
    mover.heap.set(taps.subarray(c * filterLength, (c + 1) * filterLength), tapsAt >> 2)
    mover.heap[(tapsAt >> 2) + centerTap] += skipOf(a, c)
    mover.load(x, signalOf(a, c), start + a.inputShift + centerTap - filterLength + 1, count + filterLength - 1)
    scratch.exports.direct(y, x, tapsAt, filterLength, count)
    mover.store(row(a.out, c), start, y, count, a.post && row(a.post, c))
  }
}
