import { DeviceError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import type { Precision } from '../precision.ts'
import type { Tensor } from '../tensor.ts'
import type { FoundAdapter } from './adapter.ts'
import { createWebGpuBackend } from './webgpu-backend.ts'

// Sums over few values: f32 comes within 1e-6 of the largest, f16 storage within 1e-3. A wrong driver is off by 1, or gives nothing.
const allowed = { f32: 1e-4, f16: 1e-2 } as const

/** Numbers in [-1, 1) that look random and are the same everywhere. */
function values(count: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  })
}

/**
 * Runs a gated long convolution (by transform) and a dense layer on the device, and compares with float64 sums: a driver
 * that does not compute what it is told to must not give predictions. Some milliseconds on a GPU. Gives what is wrong, in
 * words that fit after the device's name, or undefined.
 */
export async function faultOf(backend: Backend): Promise<string | undefined> {
  const most = allowed[backend.precision]
  for (const [what, check] of Object.entries({ 'a long convolution': longConv, 'a dense layer': linear })) {
    const { got, expected } = await check(backend)
    const largest = expected.reduce((scale, value) => Math.max(scale, Math.abs(value)), 0)
    const error = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - got[i])), 0) / largest
    if (error <= most) continue // not so for NaN
    const seen = got.every((value) => value === 0) ? 'zeros only' : `a difference of ${error.toPrecision(2)}`
    return `the driver computes ${what} wrong: expected values within ${most} of the largest, got ${seen}`
  }
  return undefined
}

/**
 * `faultOf` for an adapter that was found; opens its device and closes it. What fails outright is a fault too.
 */
export async function adapterFault(found: FoundAdapter, precision?: Precision): Promise<string | undefined> {
  try {
    const backend = await createWebGpuBackend({ found, precision })
    try {
      return await faultOf(backend)
    } finally {
      await backend.destroy()
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    return `a test computation failed (${error.message})`
  }
}

interface Outcome {
  readonly got: Float32Array
  readonly expected: readonly number[]
}

/** Copies of `data` on the device for as long as `use` takes. */
async function withTensors(
  backend: Backend,
  channelCount: number,
  data: readonly Float32Array[],
  use: (tensors: readonly Tensor[]) => Promise<Float32Array>,
): Promise<Float32Array> {
  const tensors = data.map((values) => backend.tensor(channelCount, values.length / channelCount))
  try {
    for (const [i, tensor] of tensors.entries()) backend.write(tensor, data[i])
    return await use(tensors)
  } finally {
    for (const tensor of tensors) backend.release(tensor)
  }
}

async function longConv(backend: Backend): Promise<Outcome> {
  const [channelCount, length, filterLength] = [3, 100, 90]
  const operands = [1, 2, 3].map((seed) => values(channelCount * length, seed)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const [x, pre, post] = operands
  const taps = values(channelCount * filterLength, 4)
  const plan = backend.planLongConv({ channelCount, length, filterLength })
  const got = await withTensors(backend, channelCount, [...operands, taps, x], async (tensors) => {
    const [input, before, after, filterTaps, out] = tensors as [Tensor, Tensor, Tensor, Tensor, Tensor]
    const filter = backend.prepareFilter(plan, filterTaps, { centerTap: 0 })
    try {
      backend.ops.longConv({ out, input, filter, inputShift: 0, pre: before, post: after })
      return await backend.read(out)
    } finally {
      backend.releaseFilter(filter)
    }
  })
  const expected = Array.from(x, (_, i) => {
    const [c, t] = [Math.floor(i / length), i % length]
    let sum = 0
    for (let j = 0; j <= Math.min(t, filterLength - 1); j++) sum += taps[c * filterLength + j] * pre[i - j] * x[i - j]
    return post[i] * sum
  })
  return { got, expected }
}

async function linear(backend: Backend): Promise<Outcome> {
  const [inChannels, outChannels, length] = [24, 20, 70]
  const [x, w, b] = [values(inChannels * length, 5), values(outChannels * inChannels, 6), values(outChannels, 7)]
  const [weight, bias] = [backend.weights(w, [outChannels, inChannels]), backend.weights(b, [outChannels])]
  const out = backend.tensor(outChannels, length)
  try {
    const got = await withTensors(backend, inChannels, [x], async ([input]) => {
      backend.ops.linear({ out, input, weight, bias })
      return backend.read(out)
    })
    const expected = Array.from({ length: outChannels * length }, (_, i) => {
      const [o, t] = [Math.floor(i / length), i % length]
      let sum = b[o]
      for (let k = 0; k < inChannels; k++) sum += w[o * inChannels + k] * x[k * length + t]
      return sum
    })
    return { got, expected }
  } finally {
    backend.release(out)
    for (const weights of [weight, bias]) backend.releaseWeights(weights)
  }
}
