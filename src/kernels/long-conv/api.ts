import { ConfigError, ShapeError } from '../../errors.ts'
import { expectFloat32, expectMade, expectOptions, expectSignal, expectWhole, show } from '../../validate.ts'
import type { Backend } from '../backend.ts'
import { rowStrideOf, type Tensor, type Weights } from '../tensor.ts'
import { type FrequencyMask, maskedTaps } from './frequency-mask.ts'
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
  const shape = shapesOf(options)
  const { length } = shape
  const filter = filterOf(options, shape)
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

interface Shapes {
  readonly length: number
  readonly givenTaps: number
}

interface FilterParts {
  readonly taps: Float32Array // [channelCount, filterLength]
  readonly centerTap: number
  readonly filterLength: number
}

function shapesOf(o: LongConvOptions): Shapes {
  const { channelCount, batch = 1 } = o
  expectWhole('channelCount', channelCount ?? Number.NaN, { least: 1 })
  expectWhole('batch', batch, { least: 1 })
  const per = (what: string, array: Float32Array, rows: number): number => {
    expectFloat32(where, what, array)
    if (array.length > 0 && array.length % rows === 0) return array.length / rows
    throw new ShapeError({
      where,
      what: `${what} does not fit`,
      expected: `a multiple of ${rows} values`,
      got: `${array.length}`,
    })
  }
  const length = per('input', o.input, batch * channelCount)
  const givenTaps = per('filter', o.filter, channelCount)
  if (o.pre) expectFloat32(where, 'pre', o.pre, o.input.length)
  if (o.post) expectFloat32(where, 'post', o.post, o.input.length)
  if (o.skip) expectFloat32(where, 'skip', o.skip, channelCount)
  return { length, givenTaps }
}

/** The taps that can meet an input: cut to `filterLength`, masked, and without those farther from the centre than the input is long. */
function filterOf(o: LongConvOptions, { length, givenTaps }: Shapes): FilterParts {
  const used = o.filterLength ?? givenTaps
  expectWhole('filterLength', used, { least: 1 })
  let filterLength = Math.min(used, givenTaps)
  const alignment = o.alignment ?? 'causal'
  const isTwoSided = alignment === 'two-sided'
  let centerTap = isTwoSided ? (filterLength - 1) / 2 : alignment === 'causal' ? 0 : alignment
  if (!Number.isInteger(centerTap) || centerTap < 0 || centerTap >= filterLength) {
    const expected = isTwoSided ? 'an odd number of taps' : `alignment in 0 .. ${filterLength - 1}`
    throw new ConfigError({
      where,
      what: 'no tap stands at the position itself',
      expected,
      got: `${isTwoSided ? filterLength : centerTap}`,
    })
  }
  let taps = part(o.filter, o.channelCount, givenTaps, 0, filterLength)
  if (o.frequencyMask !== undefined) {
    if (!(o.frequencyMask instanceof Float32Array || o.frequencyMask instanceof Float64Array))
      throw new ConfigError({
        option: 'frequencyMask',
        what: 'bad value',
        expected: 'a Float32Array',
        got: show(o.frequencyMask),
      })
    if (o.frequencySparsity) {
      throw new ConfigError({
        where,
        what: 'frequencyMask and frequencySparsity were both given',
        remedy: 'give one of them',
      })
    }
    taps = maskedTaps(taps, o.channelCount, centerTap, o.frequencyMask, length)
    return { taps, centerTap: length - 1, filterLength: 2 * length - 1 }
  }
  if (!o.plan && !o.frequencySparsity) {
    const first = Math.max(0, centerTap - length + 1)
    const end = Math.min(filterLength, centerTap + length)
    taps = part(taps, o.channelCount, filterLength, first, end)
    filterLength = end - first
    centerTap -= first
  }
  return { taps, centerTap, filterLength }
}

/** Columns [start, end) of `[rows, length]`. */
function part(values: Float32Array, rows: number, length: number, start: number, end: number): Float32Array {
  if (start === 0 && end === length) return values
  const out = new Float32Array(rows * (end - start))
  for (let r = 0; r < rows; r++) out.set(values.subarray(r * length + start, r * length + end), r * (end - start))
  return out
}
