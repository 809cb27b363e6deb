import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keptBlocks, type LongConvPlan } from '../../src/kernels/long-conv/plan.ts'
import { type FoundAdapter, findAdapter } from '../../src/kernels/webgpu/adapter.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { longConvReference, maskedNegacyclic } from '../oracle/convolution.ts'
import { gpuSkipReason, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { planWith, transformOf } from '../support/plans.ts'

const skipped = gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`

/** What only the GPU has: its own decompositions, several columns a workgroup, spectra and work storage in groups. */
describe.skipIf(gpuSkipReason !== undefined)(`long convolution in passes on webgpu${skipped}`, () => {
  let b: WebGpuBackend
  beforeAll(async () => {
    b = await createWebGpuBackend()
  })
  afterAll(() => b.destroy())

  const run = async (
    plan: LongConvPlan,
    x: Float32Array,
    k: Float32Array,
    centerTap = 0,
    backend = b,
  ): Promise<Float32Array> => {
    const { channelCount, length } = plan
    const taps = tensorOf(backend, channelCount, k)
    const filter = backend.prepareFilter(plan, taps, { centerTap })
    const out = poisoned(backend, channelCount, length)
    backend.ops.longConv({ out, input: tensorOf(backend, channelCount, x), filter, inputShift: 0 })
    const got = await backend.read(out)
    backend.releaseFilter(filter)
    return got
  }

  it.each([
    [1, 1, [16, 64]],
    [5000, 333, [64, 32]],
    [3000, 3000, [32, 128]],
    [9000, 700, [128, 16]],
  ])('%i positions, %i taps, decomposed %j: equals the definition', async (length, filterLength, factors) => {
    const [x, k] = [randomArray(2 * length, 1), randomArray(2 * filterLength, 2)]
    const got = await run(planWith({ channelCount: 2, length, filterLength }, factors), x, k)
    for (let c = 0; c < 2; c++) {
      const input = x.subarray(c * length, (c + 1) * length)
      const taps = k.subarray(c * filterLength, (c + 1) * filterLength)
      const expected = longConvReference({
        input,
        taps,
        centerTap: 0,
        inputShift: 0,
        length,
        history: new Float32Array(0),
        skip: 0,
      })
      expect(relativeError(got.subarray(c * length, (c + 1) * length), expected)).toBeLessThan(2e-6)
    }
  })

  it.each([
    // Bindings of 256 KiB: spectra and blocks of 16 KiB for 20 channels in two groups; one channel's 110 segments of 8 KiB in four.
    [20, 3000, 700, [64, 32]],
    [1, 60_000, 1500, [16, 64]],
  ])(
    '%i channels, %i positions, %i taps, decomposed %j, in pieces of the largest binding, spectra kept and not',
    async (channelCount, length, filterLength, factors) => {
      const small = await createWebGpuBackend({ maxBindingBytes: 2 ** 18 })
      try {
        const [x, k] = [randomArray(channelCount * length, 5), randomArray(channelCount * filterLength, 6)]
        const whole = await run(planWith({ channelCount, length, filterLength }, factors), x, k)
        for (const keepSpectra of [true, false]) {
          const got = await run(
            { ...planWith({ channelCount, length, filterLength }, factors), keepSpectra },
            x,
            k,
            0,
            small,
          )
          expect(relativeError(got, whole)).toBe(0)
        }
        const last = longConvReference({
          input: x.subarray((channelCount - 1) * length),
          taps: k.subarray((channelCount - 1) * filterLength),
          centerTap: 0,
          inputShift: 0,
          length,
          history: new Float32Array(0),
          skip: 0,
        })
        expect(relativeError(whole.subarray((channelCount - 1) * length), last)).toBeLessThan(2e-6)
      } finally {
        await small.destroy()
      }
    },
  )

  // What GPUs run; a software driver compiles it for a minute, so the tests above use the other form.
  it.skipIf(process.env['GENOCONV_SLOW_TESTS'] !== '1').each([
    [40, 20, [64]],
    [1000, 500, [32, 32]],
  ])(
    '%i positions, %i taps, decomposed %j, with loops unrolled (only with GENOCONV_SLOW_TESTS=1)',
    async (length, filterLength, factors) => {
      const found = await findAdapter()
      const unrolled = await createWebGpuBackend({ found: { ...(found as FoundAdapter), isSoftware: false } })
      try {
        const [x, k] = [randomArray(length, 7), randomArray(filterLength, 8)]
        const got = await run(planWith({ channelCount: 1, length, filterLength }, factors), x, k, 0, unrolled)
        const expected = longConvReference({
          input: x,
          taps: k,
          centerTap: 0,
          inputShift: 0,
          length,
          history: new Float32Array(0),
          skip: 0,
        })
        expect(relativeError(got, expected)).toBeLessThan(2e-6)
      } finally {
        await unrolled.destroy()
      }
    },
    600_000,
  )

  it.each([
    [2000, 2000, 0, 0.5],
    [1800, 301, 150, 0.75],
    [4000, 4000, 0, 0.95],
  ])(
    '%i positions, %i taps, centre %i, %f of the spectrum left out: equals the masked transform',
    async (length, filterLength, centerTap, frequencySparsity) => {
      const [x, k] = [randomArray(2 * length, 3), randomArray(2 * filterLength, 4)]
      const plan = transformOf(b.planLongConv({ channelCount: 2, length, filterLength, frequencySparsity }))
      expect(keptBlocks(plan)).toBeLessThan(plan.factors[0])
      const got = await run(plan, x, k, centerTap)
      for (let c = 0; c < 2; c++) {
        const input = x.subarray(c * length, (c + 1) * length)
        const taps = k.subarray(c * filterLength, (c + 1) * filterLength)
        const expected = maskedNegacyclic(input, taps, centerTap, plan.fftSize / 2, plan.factors[0], keptBlocks(plan))
        expect(relativeError(got.subarray(c * length, (c + 1) * length), expected.subarray(0, length))).toBeLessThan(
          2e-6,
        )
      }
    },
  )
})
