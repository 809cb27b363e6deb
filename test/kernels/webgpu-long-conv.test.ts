import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LongConvRequest } from '../../src/kernels/backend.ts'
import { keptBlocks, type LongConvPlan } from '../../src/kernels/long-conv/plan.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { longConvReference, maskedNegacyclic } from '../oracle/convolution.ts'
import { gpuSkipReason, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

/** What only the GPU has: its own decompositions, several columns a workgroup, spectra and work storage in groups. */
describe.skipIf(gpuSkipReason !== undefined)(`long convolution in passes on webgpu${gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`}`, () => {
  let b: WebGpuBackend
  beforeAll(async () => {
    b = await createWebGpuBackend()
  })
  afterAll(() => b.destroy())

  const run = async (plan: LongConvPlan, x: Float32Array, k: Float32Array, centerTap = 0): Promise<Float32Array> => {
    const { channelCount, length } = plan
    const taps = tensorOf(b, channelCount, k)
    const filter = b.prepareFilter(plan, taps, { centerTap })
    const out = poisoned(b, channelCount, length)
    b.ops.longConv({ out, input: tensorOf(b, channelCount, x), filter, inputShift: 0 })
    const got = await b.read(out)
    b.releaseFilter(filter)
    return got
  }
  const planOf = (request: LongConvRequest, factors: number[]): LongConvPlan => {
    const fftSize = 2 * factors.reduce((product, n) => product * n, 1)
    const validLength = fftSize - request.filterLength + 1
    return {
      channelCount: request.channelCount, length: request.length, filterLength: request.filterLength, method: 'fft',
      fftSize, validLength, segmentCount: Math.ceil(request.length / validLength), factors, keepSpectra: true, frequencySparsity: 0,
    }
  }

  it.each([
    [700, 300, [16, 64]], [5000, 333, [64, 16]], [3000, 3000, [32, 128]], [1, 1, [16, 16]], [40_000, 1000, [256, 16]],
  ])('%i positions, %i taps, decomposed %j: equals the definition', async (length, filterLength, factors) => {
    const [x, k] = [randomArray(2 * length, 1), randomArray(2 * filterLength, 2)]
    const got = await run(planOf({ channelCount: 2, length, filterLength }, factors), x, k)
    for (let c = 0; c < 2; c++) {
      const expected = longConvReference({
        input: x.subarray(c * length, (c + 1) * length), taps: k.subarray(c * filterLength, (c + 1) * filterLength), centerTap: 0, inputShift: 0, length, history: new Float32Array(0), skip: 0,
      })
      expect(relativeError(got.subarray(c * length, (c + 1) * length), expected)).toBeLessThan(2e-6)
    }
  })

  it('spectra beyond one binding are kept in groups of channels, and a filter does not care which group it is in', async () => {
    // Blocks of 2^20 complex points are 8 MiB: 17 channels of spectra are more than the 128 MiB one binding may have.
    const [channelCount, length, filterLength] = [17, 3000, 2]
    const x = randomArray(length, 1)
    const k = Float32Array.from({ length: channelCount * filterLength }, (_, i) => (i % 2 === 0 ? 1 + Math.floor(i / 2) : 0.5))
    const repeated = new Float32Array(channelCount * length)
    for (let c = 0; c < channelCount; c++) repeated.set(x, c * length)
    const got = await run(planOf({ channelCount, length, filterLength }, [256, 4096]), repeated, k)
    const expected = Float64Array.from(repeated, (v, i) => (1 + Math.floor(i / length)) * v + (i % length > 0 ? 0.5 * repeated[i - 1]! : 0))
    expect(relativeError(got, expected)).toBeLessThan(2e-6)
  })

  it.each([[2000, 2000, 0, 0.5], [1000, 301, 150, 0.75], [20_000, 20_000, 0, 0.95]])(
    '%i positions, %i taps, centre %i, %f of the spectrum left out: equals the masked transform',
    async (length, filterLength, centerTap, frequencySparsity) => {
      const [x, k] = [randomArray(2 * length, 3), randomArray(2 * filterLength, 4)]
      const plan = b.planLongConv({ channelCount: 2, length, filterLength, frequencySparsity })
      expect(keptBlocks(plan)).toBeLessThan(plan.factors[0]!)
      const got = await run(plan, x, k, centerTap)
      for (let c = 0; c < 2; c++) {
        const expected = maskedNegacyclic(
          x.subarray(c * length, (c + 1) * length), k.subarray(c * filterLength, (c + 1) * filterLength), centerTap, plan.fftSize / 2, plan.factors[0]!, keptBlocks(plan),
        )
        expect(relativeError(got.subarray(c * length, (c + 1) * length), expected.subarray(0, length))).toBeLessThan(2e-6)
      }
    },
  )
})
