import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { keptBlocks, type LongConvPlan } from '../../src/kernels/long-conv/plan.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { longConvReference, maskedNegacyclic } from '../oracle/convolution.ts'
import { gpuSkipReason, poisoned, randomArray, relativeL2, tensorOf } from '../support/backends.ts'
import { gpuHalfSkipNote, gpuHalfSkipReason } from '../support/half-products.ts'
import { planWith, transformOf } from '../support/plans.ts'

const tolerance = 2e-3 // relative L2: docs/models.md, section 4

/** Precision f16 of the long convolution: what is stored between passes, and spectra. */
describe.skipIf(gpuHalfSkipReason !== undefined)(`long convolution stored as f16${gpuHalfSkipNote}`, () => {
  let b: WebGpuBackend
  beforeAll(async () => {
    b = await createWebGpuBackend({ precision: 'f16' })
  })
  afterAll(() => b.destroy())

  const run = async (plan: LongConvPlan, x: Float32Array, k: Float32Array, backend = b): Promise<Float32Array> => {
    const { channelCount, length } = plan
    const filter = backend.prepareFilter(plan, tensorOf(backend, channelCount, k), { centerTap: 0 })
    const out = poisoned(backend, channelCount, length)
    backend.ops.longConv({ out, input: tensorOf(backend, channelCount, x), filter, inputShift: 0 })
    const got = await backend.read(out)
    backend.releaseFilter(filter)
    return got
  }
  /** Relative L2 error of each channel. */
  const errors = (got: Float32Array, x: Float32Array, k: Float32Array, channelCount: number): number[] =>
    Array.from({ length: channelCount }, (_, c) => {
      const of = (values: Float32Array): Float32Array =>
        values.subarray((c * values.length) / channelCount, ((c + 1) * values.length) / channelCount)
      const expected = longConvReference({
        input: of(x),
        taps: of(k),
        centerTap: 0,
        inputShift: 0,
        length: of(x).length,
        history: new Float32Array(0),
        skip: 0,
      })
      return relativeL2(of(got), expected)
    })

  it('the backend says so, and its plans', () => {
    expect(b.precision).toBe('f16')
    expect(b.description).toMatch(/f16/)
    const plan = transformOf(b.planLongConv({ channelCount: 2, length: 4000, filterLength: 4000 }))
    expect(plan.storage).toBe('f16')
  })

  const shapes: [number, number, number[]][] = [
    [1, 1, [2048]],
    [2000, 2000, [2048]],
    [1, 1, [64, 32]],
    [5000, 333, [64, 32]],
    [1500, 1500, [64, 32]],
  ]
  it.each(shapes)(
    '%i positions, %i taps, decomposed %j: within the tolerance, and not f32',
    async (length, filterLength, factors) => {
      const [x, k] = [randomArray(2 * length, 1), randomArray(2 * filterLength, 2)]
      const worst = Math.max(
        ...errors(await run(planWith({ channelCount: 2, length, filterLength }, factors, 'f16'), x, k), x, k, 2),
      )
      expect(worst).toBeLessThan(tolerance)
      if (length > 1) expect(worst).toBeGreaterThan(1e-5) // the rounding of f16 must be there
    },
  )

  // Magnitudes far beyond f16's 6e-8 to 65504, in the signal, in the filter, and in both; peaked spectra; decay; silence.
  const channels: [string, (t: number, r: number) => number, (j: number, r: number) => number, number?][] = [
    ['tiny signal', (_, r) => 1e-25 * r, (_, r) => r],
    ['huge signal', (_, r) => 1e25 * r, (_, r) => r],
    ['tiny filter', (_, r) => r, (_, r) => 1e-25 * r],
    ['huge filter', (_, r) => r, (_, r) => 1e25 * r],
    ['huge and tiny', (_, r) => 1e18 * r, (_, r) => 1e-18 * r],
    ['constant signal', () => 3e4, (_, r) => r],
    ['pure tone', (t) => 1e4 * Math.sin(t / 7), (j) => Math.cos(j / 7)],
    ['decaying filter', (_, r) => r, (j, r) => r * Math.exp(-j / 20)],
    // What is rounded is the block, outputs that are thrown away included: here these are the larger part.
    ['growing signal', (t, r) => r * Math.exp(t / 50), (_, r) => r, 2 * tolerance],
    ['one spike', (t) => (t === 700 ? 1e6 : 0), (_, r) => r],
  ]
  it.each([[[2048]], [[64, 32]]])(
    'magnitudes of every kind, decomposed %j: each channel within the tolerance',
    async (factors) => {
      const [length, filterLength, count] = [1500, 1500, channels.length]
      const [rx, rk] = [randomArray(count * length, 3), randomArray(count * filterLength, 4)]
      const x = rx.map((r, i) => channels[Math.floor(i / length)][1](i % length, r))
      const k = rk.map((r, i) => channels[Math.floor(i / filterLength)][2](i % filterLength, r))
      const worst = errors(
        await run(planWith({ channelCount: count, length, filterLength }, factors, 'f16'), x, k),
        x,
        k,
        count,
      )
      for (const [c, [name, , , bound = tolerance]] of channels.entries()) expect(worst[c], name).toBeLessThan(bound)
    },
  )

  it.each([[[2048]], [[64, 32]]])('silence stays silence, and a NaN shows, decomposed %j', async (factors) => {
    const length = 1000
    const x = new Float32Array(3 * length)
    x.set(randomArray(length, 1), length)
    x.set(randomArray(length, 2), 2 * length)
    x[2 * length + 400] = Number.NaN
    const k = randomArray(3 * length, 5)
    k.fill(0, length, 2 * length) // a filter of zeros
    const got = await run(planWith({ channelCount: 3, length, filterLength: length }, factors, 'f16'), x, k)
    expect(got.subarray(0, 2 * length).every((v) => v === 0)).toBe(true)
    expect(Number.isNaN(got[2 * length + 500])).toBe(true)
  })

  it('spectra made anew, groups of channels and segments in small bindings: the same bits', async () => {
    const [channelCount, length, filterLength, factors] = [20, 3000, 700, [64, 32]]
    const [x, k] = [randomArray(channelCount * length, 5), randomArray(channelCount * filterLength, 6)]
    const plan = planWith({ channelCount, length, filterLength }, factors, 'f16')
    const whole = await run(plan, x, k)
    expect(Math.max(...errors(whole, x, k, channelCount))).toBeLessThan(tolerance)
    const small = await createWebGpuBackend({ precision: 'f16', maxBindingBytes: 2 ** 18 })
    try {
      for (const keepSpectra of [true, false]) expect(await run({ ...plan, keepSpectra }, x, k, small)).toEqual(whole)
    } finally {
      await small.destroy()
    }
  })

  it('a part of the spectrum', async () => {
    const [length, filterLength] = [1500, 1500]
    const [x, k] = [randomArray(length, 3), randomArray(filterLength, 4)]
    const plan = { ...planWith({ channelCount: 1, length, filterLength }, [64, 32], 'f16'), frequencySparsity: 0.75 }
    const got = await run(plan, x, k)
    const expected = maskedNegacyclic(x, k, 0, plan.fftSize / 2, plan.factors[0], keptBlocks(plan))
    expect(relativeL2(got, expected.subarray(0, length))).toBeLessThan(tolerance)
  })

  it('spectra take half the memory', () => {
    const bytes = (storage: 'f16' | undefined): number => {
      const plan = { ...planWith({ channelCount: 8, length: 1500, filterLength: 1500 }, [64, 32], 'f16'), storage }
      const taps = tensorOf(b, 8, randomArray(8 * 1500, 1))
      const before = b.memory.currentBytes
      const filter = b.prepareFilter(plan, taps, { centerTap: 0 })
      const held = b.memory.currentBytes - before
      b.releaseFilter(filter)
      b.release(taps)
      return held
    }
    expect(bytes('f16') / bytes(undefined)).toBeLessThan(0.55)
  })
})

describe.skipIf(gpuSkipReason !== undefined)(
  `a backend of precision f32${gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`}`,
  () => {
    it('has no f16, and refuses a plan that stores it', async () => {
      const f32 = await createWebGpuBackend()
      try {
        expect(f32.precision).toBe('f32')
        expect(f32.device.features.has('shader-f16')).toBe(false)
        const plan = transformOf(f32.planLongConv({ channelCount: 1, length: 4000, filterLength: 4000 }))
        expect(plan.storage).toBeUndefined()
        expect(() => f32.prepareFilter({ ...plan, storage: 'f16' }, f32.tensor(1, 4000), { centerTap: 0 })).toThrow(
          ConfigError,
        )
      } finally {
        await f32.destroy()
      }
    })
  },
)
