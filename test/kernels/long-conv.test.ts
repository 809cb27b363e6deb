import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import type { LongConvRequest } from '../../src/kernels/long-conv/plan.ts'
import { longConvReference } from '../oracle/convolution.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { transformOf } from '../support/plans.ts'

interface Case {
  channelCount: number
  length: number
  filterLength: number
  inputLength?: number
  inputShift?: number
  centerTap?: number
  historyLength?: number
  gates?: boolean
  plan?: Partial<LongConvRequest>
}

async function check(b: Backend, given: Case): Promise<void> {
  const {
    channelCount,
    length,
    filterLength,
    inputLength = length,
    inputShift = 0,
    centerTap = 0,
    historyLength = 0,
    gates = false,
  } = given
  const input = randomArray(channelCount * inputLength, 1)
  const taps = randomArray(channelCount * filterLength, 2)
  const history = randomArray(channelCount * historyLength, 3)
  const pre = randomArray(channelCount * inputLength, 4)
  const post = randomArray(channelCount * length, 5)
  const skip = randomArray(channelCount, 6)
  const plan = b.planLongConv({ channelCount, length, filterLength, ...given.plan })
  const tapsTensor = tensorOf(b, channelCount, taps)
  const filter = b.prepareFilter(plan, tapsTensor, { centerTap })
  const out = poisoned(b, channelCount, length)
  b.ops.longConv({
    out,
    input: tensorOf(b, channelCount, input),
    history: historyLength > 0 ? tensorOf(b, channelCount, history) : undefined,
    filter,
    inputShift,
    pre: gates ? tensorOf(b, channelCount, pre) : undefined,
    post: gates ? tensorOf(b, channelCount, post) : undefined,
    skip: gates ? b.weights(skip, [channelCount]) : undefined,
  })
  const got = await b.read(out)
  b.releaseFilter(filter)
  for (let c = 0; c < channelCount; c++) {
    const of = (a: Float32Array, n: number): Float32Array => a.subarray(c * n, (c + 1) * n)
    const expected = longConvReference({
      input: of(input, inputLength),
      taps: of(taps, filterLength),
      centerTap,
      inputShift,
      length,
      history: of(history, historyLength),
      pre: gates ? of(pre, inputLength) : undefined,
      post: gates ? of(post, length) : undefined,
      skip: gates ? skip[c] : 0,
    })
    expect(relativeError(of(got, length), expected), `channel ${c}, plan ${JSON.stringify(plan)}`).toBeLessThan(2e-6)
  }
}

const around = (n: number): number[] => [n - 1, n, n + 1]

forEachBuild('long convolution', (backend) => {
  it.each([
    [1, 1],
    [2, 1],
    [1, 7],
    [7, 3],
    [31, 33],
    [127, 127],
    [997, 1],
    [1000, 1000],
    [1000, 64],
    [1000, 1500],
    [4099, 4099],
    [5000, 333],
    [65537, 2048],
  ])('causal, %i positions, %i taps, gates and skip', async (length, filterLength) => {
    await check(backend(), { channelCount: 3, length, filterLength, gates: true })
  })
  it('causal, 65537 positions and taps', async () => {
    await check(backend(), { channelCount: 1, length: 65537, filterLength: 65537 })
  })
  it.each([
    [100, 5],
    [100, 1],
    [3000, 801],
    [20000, 1001],
  ])('two-sided without padding, %i positions, %i taps', async (length, filterLength) => {
    const centerTap = (filterLength - 1) / 2
    await check(backend(), {
      channelCount: 2,
      length,
      filterLength,
      inputLength: length + filterLength - 1,
      inputShift: centerTap,
      centerTap,
      gates: true,
    })
  })
  it.each([
    [100, 5],
    [3000, 801],
    [30000, 4001],
  ])('two-sided over zeros, %i positions, %i taps', async (length, filterLength) => {
    await check(backend(), { channelCount: 2, length, filterLength, centerTap: (filterLength - 1) / 2, gates: true })
  })
  it.each([
    [64, 1026, 1025],
    [4096, 1026, 1025],
    [5000, 3000, 700],
    [1, 100, 99],
    [700, 2000, 3333],
  ])('with history, %i positions, %i taps, %i before', async (length, filterLength, historyLength) => {
    await check(backend(), { channelCount: 2, length, filterLength, historyLength, gates: true })
  })
  it.each([
    [3000, 2000],
    [9000, 512],
    [100, 5],
  ])('spectra not kept, %i positions, %i taps, one and three channels', async (length, filterLength) => {
    for (const channelCount of [1, 3])
      await check(backend(), {
        channelCount,
        length,
        filterLength,
        historyLength: 77,
        gates: true,
        plan: { spectrumBytes: 0 },
      })
  })
  it.each([
    [500, -77, 20],
    [500, -77, 300],
    [500, 333, 300],
    [3000, -2950, 1200],
    [3000, 2900, 1200],
  ])('%i positions read %i places off, %i taps', async (length, inputShift, filterLength) => {
    await check(backend(), {
      channelCount: 2,
      length,
      inputShift,
      filterLength,
      historyLength: 50,
      centerTap: filterLength >> 2,
      gates: true,
    })
  })
  it('around the borders of a plan: one position or tap less and more than fills the transform', async () => {
    const filterLength = 300
    const { fftSize, validLength } = transformOf(
      backend().planLongConv({ channelCount: 2, length: 5000, filterLength }),
    )
    for (const length of [...around(validLength), ...around(2 * validLength), ...around(fftSize)]) {
      await check(backend(), { channelCount: 2, length, filterLength, gates: true, plan: { length: 5000 } })
    }
  }, 300_000)
})
