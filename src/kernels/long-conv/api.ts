import { expectMade, expectOptions, expectSignal } from '../../validate.ts'
import type { Backend } from '../backend.ts'
import { rowStrideOf, type Tensor, type Weights } from '../tensor.ts'
import { type FilterParts, filterOf, shapesOf } from './arguments.ts'
import type { FrequencyMask } from './frequency-mask.ts'
import type { PreparedFilter } from './long-conv.ts'
import { filterBytesOf, type LongConvPlan } from './plan.ts'

const where = 'longConv'

export interface LongConvOptions {
  /** `[batch, channelCount, length]`, contiguous. */
  readonly input: Float32Array
  /** `[channelCount, filterLength]`, tap 0 first; every length from 1 on, longer than the input too. */
  readonly filter: Float32Array
  readonly channelCount: number
  /** Default 1. */
  readonly batch?: number
  /**
   * The tap that multiplies the position itself: 'causal' is tap 0 (an output depends on its position and those before),
   * 'two-sided' the middle one (an odd number of taps), or its index. Default 'causal'.
   */
  readonly alignment?: 'causal' | 'two-sided' | number
  /** Gates before and after, shaped as input. */
  readonly pre?: Float32Array
  readonly post?: Float32Array
  /** `[channelCount]`: adds skip * pre * input. */
  readonly skip?: Float32Array
  /** Partial convolution: only the first so many taps are used. */
  readonly filterLength?: number
  /**
   * Fraction of the filter's spectrum left out, 0 to 0.95, whose work is saved in both transforms. Which bins those are is
   * the plan's: see `keptBlocks` in plan.ts; the result is an approximation that depends on the plan's fftSize.
   */
  readonly frequencySparsity?: number
  /** An exact pattern of bins instead, of any size (see frequency-mask.ts: monarchMask, lowPassMask); saves no work. */
  readonly frequencyMask?: FrequencyMask
  /** A plan of `planLongConv` or one's own; default: what the backend would choose. */
  readonly plan?: LongConvPlan
  readonly signal?: AbortSignal
}

/**
 * Depthwise long convolution over whole sequences, zeros beyond both ends, gates and skip fused:
 * `y[b, c, t] = post[b, c, t] * (sum over j of filter[c, j] * x[b, c, t + centerTap - j] + skip[c] * x[b, c, t])`
 * with x = pre * input. Any length from 1 on (beyond one transform by overlap-save segments). f32; the largest error is below
 * 2e-6 of the largest output. The method is the fused Monarch FFT convolution of FlashFFTConv (arXiv 2311.05908); see docs/adr.
 *
 * @returns `[batch, channelCount, length]`
 * @throws ShapeError where an array is no Float32Array or does not fit the others
 * @throws ConfigError for options that cannot be, or no backend
 * @throws LimitError where one channel is beyond the backend's limits, or the filter longer than its largest transform
 * @throws DeviceError from the device
 */
export async function longConv(backend: Backend, options: LongConvOptions): Promise<Float32Array> {
  expectMade(where, backend, 'planLongConv', 'a backend of createBackend')
  expectOptions(where, options ?? null)
  expectSignal(options.signal)
  expectOptions('longConv: plan', options.plan)
  const { channelCount } = options
  const shape = shapesOf(where, options)
  const { length } = shape
  const filter = filterOf(where, options, shape)
  const groupChannels = channelsAtOnce(backend, options, length, filter.filterLength)
  const result = new Float32Array(options.input.length)
  for (let first = 0; first < channelCount; first += groupChannels) {
    await convolveGroup(backend, options, filter, length, first, Math.min(groupChannels, channelCount - first), result)
  }
  return result
}

/** Channels do not meet: few at a time keep the memory beside input and result small, and tensors within the device's limits. */
const groupBytes = 2 ** 28

function channelsAtOnce(backend: Backend, options: LongConvOptions, length: number, filterLength: number): number {
  const { channelCount, plan, frequencySparsity, pre, post } = options
  if (plan) return channelCount
  const { maxTensorBytes, maxTotalBytes = Number.POSITIVE_INFINITY } = backend.limits
  const tensorBytes = 4 * Math.max(length, filterLength)
  const most = Math.min(
    channelCount,
    Math.floor(groupBytes / tensorBytes),
    Math.floor(maxTensorBytes / (tensorBytes + 64)),
  )
  const free = maxTotalBytes - backend.memory.currentBytes
  const signals = 2 + (pre ? 1 : 0) + (post ? 1 : 0)
  let count = Math.max(1, most)
  while (count > 1) {
    const planned = backend.planLongConv({ channelCount: count, length, filterLength, frequencySparsity })
    const rows = 4 * count * (signals * rowStrideOf(length) + rowStrideOf(filterLength) + 1)
    if (rows + filterBytesOf(planned) + backend.longConvScratchBytes(planned) <= free) break
    count = Math.ceil(count / 2)
  }
  return count
}

/** Channels [first, first + groupCount) of all batch items into `result`. */
async function convolveGroup(
  backend: Backend,
  o: LongConvOptions,
  filter: FilterParts,
  length: number,
  first: number,
  groupCount: number,
  result: Float32Array,
): Promise<void> {
  const { channelCount, batch = 1 } = o
  const { filterLength } = filter
  const plan =
    o.plan ??
    backend.planLongConv({ channelCount: groupCount, length, filterLength, frequencySparsity: o.frequencySparsity })
  const tensors: Tensor[] = []
  const tensor = (positions: number): Tensor => {
    tensors.push(backend.tensor(groupCount, positions))
    return tensors.at(-1)!
  }
  const held: { filter?: PreparedFilter; skip?: Weights } = {}
  try {
    const taps = tensor(filterLength)
    backend.write(taps, filter.taps.subarray(first * filterLength, (first + groupCount) * filterLength))
    held.filter = backend.prepareFilter(plan, taps, { centerTap: filter.centerTap })
    held.skip = o.skip && backend.weights(o.skip.slice(first, first + groupCount), [groupCount])
    const [input, out, pre, post] = [
      tensor(length),
      tensor(length),
      o.pre && tensor(length),
      o.post && tensor(length),
    ] as const
    for (let b = 0; b < batch; b++) {
      o.signal?.throwIfAborted()
      const start = (b * channelCount + first) * length
      const part = (values: Float32Array): Float32Array => values.subarray(start, start + groupCount * length)
      backend.write(input, part(o.input))
      if (pre) backend.write(pre, part(o.pre!))
      if (post) backend.write(post, part(o.post!))
      backend.ops.longConv({ out, input, filter: held.filter, inputShift: 0, pre, post, skip: held.skip })
      result.set(await backend.read(out), start)
    }
  } finally {
    if (held.filter) backend.releaseFilter(held.filter)
    if (held.skip) backend.releaseWeights(held.skip)
    for (const t of tensors) backend.release(t)
  }
}
