import type { CpuContext, CpuKernel } from '../cpu/context.ts'
import { type CpuPreparedFilter, row } from '../cpu/cpu-tensor.ts'
import type { WasmScratch } from '../cpu/wasm.ts'
import { longConvWasm } from '../generated/long-conv.wasm.ts'
import type { LongConvPlan } from './plan.ts'
import { CpuTransform, type LongConvExports, Mover, type Signal } from './transform.cpu.ts'

const transforms = new WeakMap<WasmScratch<LongConvExports>, { key: string; transform: CpuTransform }>()

/** This worker's transform of the plan's shape; it stays ready until another shape is asked for. */
export function transformOf(context: CpuContext, plan: LongConvPlan): CpuTransform {
  const scratch = context.wasm<LongConvExports>(longConvWasm)
  const key = `${plan.fftSize} ${plan.factors.join(' ')}`
  const ready = transforms.get(scratch)
  if (ready?.key === key) return ready.transform
  const transform = new CpuTransform(scratch, plan)
  transforms.set(scratch, { key, transform })
  return transform
}

const none = new Float32Array(0)

export const longConvCpu: CpuKernel<'longConv'> = (a, context) => {
  const { plan, spectra, taps } = a.filter as CpuPreparedFilter & { plan: LongConvPlan; spectra: Float32Array; taps: Float32Array }
  const { filterLength, centerTap } = a.filter
  const signalOf = (c: number): Signal => ({ history: a.history ? row(a.history, c) : none, input: row(a.input, c), pre: a.pre && row(a.pre, c) })
  const historyLength = a.history?.length ?? 0
  const skipOf = (c: number): number => (a.skip ? a.skip.data[c]! : 0)
  if (plan.method === 'direct') {
    directLongConv(a, context, spectra, signalOf, skipOf)
    return
  }
  const transform = transformOf(context, plan)
  const segments = Math.ceil(a.out.length / plan.validLength)
  const segmentLength = Math.ceil(a.out.length / segments)
  for (const item of context.tiles(a.out.channelCount * segments)) {
    const c = Math.floor(item / segments)
    const start = (item % segments) * segmentLength
    const count = Math.min(segmentLength, a.out.length - start)
    if (count <= 0) continue
    // Sources of these outputs, less the zeros before the signal; the first stands at the block's position 0.
    const center = start + a.inputShift
    const first = Math.min(center, Math.max(-historyLength, center + centerTap - filterLength + 1))
    const end = Math.max(first, Math.min(a.input.length, center + count + centerTap))
    const realInput = transform.load(signalOf(c), first, end - first)
    const position = center - first
    transform.convolve(spectra, c * plan.fftSize, skipOf(c), realInput, position + count <= transform.size)
    transform.store(row(a.out, c), start, position, count, a.post && row(a.post, c))
  }
  void taps
}

const directPiece = 4096

function directLongConv(
  a: Parameters<CpuKernel<'longConv'>>[0], context: CpuContext, taps: Float32Array, signalOf: (c: number) => Signal, skipOf: (c: number) => number,
): void {
  const { filterLength, centerTap } = a.filter
  const scratch = context.wasm<LongConvExports>(longConvWasm)
  transforms.delete(scratch)
  scratch.reset()
  const y = scratch.allocate(directPiece + 16)
  const x = scratch.allocate(directPiece + filterLength + 16)
  const tapsAt = scratch.allocate(filterLength)
  const temporary = scratch.allocate(8192 + 16)
  const heap = scratch.floats(0, (temporary + 4 * (8192 + 16)) >> 2)
  const mover = new Mover(scratch.exports, heap, temporary)
  const pieces = Math.ceil(a.out.length / directPiece)
  for (const item of context.tiles(a.out.channelCount * pieces)) {
    const c = Math.floor(item / pieces)
    const start = (item % pieces) * directPiece
    const count = Math.min(directPiece, a.out.length - start)
    heap.set(taps.subarray(c * filterLength, (c + 1) * filterLength), tapsAt >> 2)
    heap[(tapsAt >> 2) + centerTap]! += skipOf(c)
    mover.load(x, signalOf(c), start + a.inputShift + centerTap - filterLength + 1, count + filterLength - 1)
    scratch.exports.direct(y, x, tapsAt, filterLength, count)
    mover.store(row(a.out, c), start, y, count, a.post && row(a.post, c))
  }
}
