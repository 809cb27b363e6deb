import { ConfigError } from '../../errors.ts'
import { expectFloat32, expectMade, expectOptions, expectSignal, show } from '../../validate.ts'
import type { Backend } from '../backend.ts'
import { longConv, type LongConvOptions } from './api.ts'
import { type FilterParts, filterOf, type Shapes, shapesOf } from './arguments.ts'

const where = 'longConvGradients'

/** What `longConv` was given, but for what has no gradients here, and the gradient of its result. */
export interface LongConvGradientsOptions
  extends Omit<LongConvOptions, 'frequencySparsity' | 'frequencyMask' | 'plan'> {
  /** Of the loss with respect to the result: `[batch, channelCount, length]`, contiguous. */
  readonly gradient: Float32Array
}

/** Gradients of the loss, each shaped as what it belongs to; those of gates and skip where these were given. */
export interface LongConvGradients {
  /** `[batch, channelCount, length]` */
  readonly input: Float32Array
  /** `[channelCount, taps]`, shaped as the filter given: summed over the batch, 0 for the taps from `filterLength` on. */
  readonly filter: Float32Array
  /** `[batch, channelCount, length]` */
  readonly pre?: Float32Array
  /** `[batch, channelCount, length]` */
  readonly post?: Float32Array
  /** `[channelCount]`, summed over the batch. */
  readonly skip?: Float32Array
}

/**
 * Gradients of `longConv`: with y = post * (filter convolved with pre * input, + skip * pre * input) and `gradient` = dL/dy,
 * gives dL/d of input, filter, and of the gates and skip where given. Causal and two-sided, any length and any number of taps;
 * a partial convolution (`filterLength`) computes the gradients of its taps only. Each gradient is a long convolution itself:
 * the input's is that of post * gradient with the filter turned round, the filter's the correlation of pre * input with
 * post * gradient. f32, sums over the batch in float64 and in its order; the largest error is below 1e-5 of the largest gradient.
 *
 * @throws ShapeError where an array is no Float32Array or does not fit the others
 * @throws ConfigError for options that cannot be, or no backend; for frequencySparsity, frequencyMask and plan
 * @throws LimitError where one channel is beyond the backend's limits, or the filter longer than its largest transform
 * @throws DeviceError from the device
 */
export async function longConvGradients(
  backend: Backend,
  options: LongConvGradientsOptions,
): Promise<LongConvGradients> {
  expectMade(where, backend, 'planLongConv', 'a backend of createBackend')
  expectOptions(where, options ?? null)
  expectSignal(options.signal)
  refuseOthers(options)
  const shapes = shapesOf(where, options)
  const filter = filterOf(where, options, shapes)
  const { input, gradient, channelCount, batch, pre, post, skip, signal } = options
  expectFloat32(where, 'gradient', gradient, input.length)

  const common = { channelCount, batch, skip, signal }
  const { filterLength, centerTap } = filter
  // d/dx of x = pre * input; tap j of the filter turned round is tap filterLength - 1 - j
  const inner = await longConv(backend, {
    ...common,
    input: gradient,
    pre: post,
    filter: turnedRound(filter.taps, filterLength),
    alignment: filterLength - 1 - centerTap,
  })
  const postGradient =
    post &&
    (await longConv(backend, { ...common, input, pre, post: gradient, filter: filter.taps, alignment: centerTap }))
  const x = times(input, pre)
  const h = times(gradient, post)
  return {
    input: times(inner, pre),
    filter: await filterGradient(backend, options, filter, shapes, x, h),
    ...(pre && { pre: times(inner, input) }),
    ...(postGradient && { post: postGradient }),
    ...(skip && { skip: rowProducts(x, h, channelCount, shapes.length) }),
  }
}

function refuseOthers(options: LongConvGradientsOptions): void {
  const given = options as Partial<LongConvOptions>
  for (const option of ['frequencySparsity', 'frequencyMask', 'plan'] as const) {
    if (given[option] === undefined) continue
    throw new ConfigError({
      option,
      what: 'not known to longConvGradients',
      expected: 'none',
      got: show(given[option]),
      remedy: 'leave it out: gradients are those of the exact convolution',
    })
  }
}

const leastPieceLength = 4096

/**
 * d/d filter[j] = sum over b, t of h[b, t] * x[b, t + centerTap - j]. The positions t are cut into pieces about as long as the
 * filter (transforms stay as short as the taps asked for); each piece of h, turned round, is the filter of a causal convolution
 * of the stretch of x that its taps reach, pieces and channels side by side. Its last outputs are the taps, the last tap first.
 */
async function filterGradient(
  backend: Backend,
  { channelCount, batch = 1, signal }: LongConvGradientsOptions,
  parts: FilterParts,
  { length, givenTaps }: Shapes,
  x: Float32Array,
  h: Float32Array,
): Promise<Float32Array> {
  const taps = parts.filterLength
  const pieceCount = Math.ceil(length / Math.max(taps, leastPieceLength))
  const pieceLength = Math.ceil(length / pieceCount)
  const reach = pieceLength + taps - 1
  const rows = channelCount * pieceCount
  const sums = new Float64Array(channelCount * taps)
  for (let b = 0; b < batch; b++) {
    const stretches = new Float32Array(rows * reach)
    const pieces = new Float32Array(rows * pieceLength)
    for (let row = 0; row < rows; row++) {
      const start = (b * channelCount + Math.floor(row / pieceCount)) * length
      const from = (row % pieceCount) * pieceLength
      const first = from + parts.centerTap - taps + 1 // of x, meets h[from] by the last tap
      const source = x.subarray(start + Math.max(0, first), start + Math.max(0, Math.min(length, first + reach)))
      stretches.set(source, row * reach + Math.max(0, -first))
      pieces.set(
        h.subarray(start + Math.min(length, from), start + Math.min(length, from + pieceLength)),
        row * pieceLength,
      )
    }
    const products = await longConv(backend, {
      input: stretches,
      filter: turnedRound(pieces, pieceLength),
      channelCount: rows,
      signal,
    })
    for (let row = 0; row < rows; row++) {
      const at = Math.floor(row / pieceCount) * taps
      const last = (row + 1) * reach - 1
      for (let j = 0; j < taps; j++) sums[at + j] += products[last - j]
    }
  }
  const result = new Float32Array(channelCount * givenTaps)
  for (let c = 0; c < channelCount; c++)
    result.set(sums.subarray(c * taps, (c + 1) * taps), c * givenTaps + parts.firstTap)
  return result
}

/** Each row of `[rows, length]` from its end to its start. */
function turnedRound(values: Float32Array, length: number): Float32Array {
  const out = values.slice()
  for (let start = 0; start < out.length; start += length) out.subarray(start, start + length).reverse()
  return out
}

const times = (values: Float32Array, gate: Float32Array | undefined): Float32Array =>
  gate ? values.map((v, i) => v * gate[i]) : values

/** `[channelCount]`: the sum of a * b over batch and positions. */
function rowProducts(a: Float32Array, b: Float32Array, channelCount: number, length: number): Float32Array {
  const sums = new Float64Array(channelCount)
  for (let i = 0; i < a.length; i++) sums[Math.floor(i / length) % channelCount] += a[i] * b[i]
  return Float32Array.from(sums)
}
