import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { longConv } from '../../src/kernels/long-conv/api.ts'
import { view } from '../../src/kernels/tensor.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

const channelCount = 2
const tolerance = 2e-6

const conv = (b: Backend, input: Float32Array, filter: Float32Array): Promise<Float32Array> =>
  longConv(b, { input, filter, channelCount })

forEachBuild('laws of the long convolution', (backend) => {
  it.each([
    [2000, 900],
    [5003, 3000],
  ])('linearity, %i positions, %i taps', async (length, filterLength) => {
    const x = randomArray(channelCount * length, 1)
    const y = randomArray(channelCount * length, 2)
    const k = randomArray(channelCount * filterLength, 3)
    const [fx, fy, sum] = await Promise.all([
      conv(backend(), x, k),
      conv(backend(), y, k),
      conv(
        backend(),
        x.map((v, i) => v - 0.5 * y[i]),
        k,
      ),
    ])
    expect(
      relativeError(
        sum,
        fx.map((v, i) => v - 0.5 * fy[i]),
      ),
    ).toBeLessThan(2 * tolerance)
  })
  it('a filter of one tap is the identity; a filter with one tap at d shifts by d', async () => {
    const length = 3001
    const x = randomArray(channelCount * length, 1)
    for (const shift of [0, 1, 1499, 3000]) {
      const k = new Float32Array(channelCount * length)
      for (let c = 0; c < channelCount; c++) k[c * length + shift] = 1
      const expected = x.map((_, i) => (i % length < shift ? 0 : x[i - shift]))
      expect(relativeError(await conv(backend(), x, k), expected)).toBeLessThan(tolerance)
    }
  })
  it('shifted input, shifted output', async () => {
    const length = 4000
    const k = randomArray(channelCount * 1000, 1)
    const x = randomArray(channelCount * length, 2).map((v, i) => (i % length < 3000 ? v : 0))
    const shifted = x.map((_, i) => (i % length < 777 ? 0 : x[i - 777]))
    const y = await conv(backend(), x, k)
    const z = await conv(backend(), shifted, k)
    expect(
      relativeError(
        z,
        y.map((_, i) => (i % length < 777 ? 0 : y[i - 777])),
      ),
    ).toBeLessThan(tolerance)
  })
  it('causality: what comes later changes what came before by no more than rounding', async () => {
    const length = 6000
    const k = randomArray(channelCount * 2500, 1)
    const x = randomArray(channelCount * length, 2)
    const changed = x.map((v, i) => (i % length < 3500 ? v : -v))
    const y = await conv(backend(), x, k)
    const z = await conv(backend(), changed, k)
    const scale = Math.max(...y.map(Math.abs))
    let past = 0
    let future = 0
    y.forEach((v, i) => {
      const d = Math.abs(v - z[i])
      if (i % length < 3500) past = Math.max(past, d)
      else future = Math.max(future, d)
    })
    expect(past / scale).toBeLessThan(tolerance)
    expect(future / scale).toBeGreaterThan(0.1)
  })
  it('a change outside a block and its history changes nothing in it, bit for bit', async () => {
    const b = backend()
    const length = 3000
    const filterLength = 1026
    const plan = b.planLongConv({ channelCount, length, filterLength })
    const filter = b.prepareFilter(plan, tensorOf(b, channelCount, randomArray(channelCount * filterLength, 1)), {
      centerTap: 0,
    })
    const whole = randomArray(channelCount * 9000, 2)
    const run = async (values: Float32Array): Promise<Float32Array> => {
      const input = tensorOf(b, channelCount, values)
      const out = poisoned(b, channelCount, length)
      b.ops.longConv({
        out,
        input: view(input, { start: 4000, length }),
        history: view(input, { start: 4000 - filterLength + 1, length: filterLength - 1 }),
        filter,
        inputShift: 0,
      })
      return b.read(out)
    }
    const changed = whole.map((v, i) => (i % 9000 >= 4000 - filterLength + 1 && i % 9000 < 7000 ? v : v + 1))
    expect(Buffer.from((await run(changed)).buffer).equals(Buffer.from((await run(whole)).buffer))).toBe(true)
    b.releaseFilter(filter)
  })
  it.each([1, 13, 500, 1024, 3333])('blocks of %i with history give what the whole gives', async (blockLength) => {
    const b = backend()
    const length = blockLength === 1 ? 40 : 5000
    const filterLength = 1026
    const taps = randomArray(channelCount * filterLength, 1)
    const values = randomArray(channelCount * length, 2)
    const expected = await conv(b, values, taps)
    const plan = b.planLongConv({ channelCount, length: blockLength, filterLength })
    const filter = b.prepareFilter(plan, tensorOf(b, channelCount, taps), { centerTap: 0 })
    const input = tensorOf(b, channelCount, values)
    const out = poisoned(b, channelCount, length)
    const history = tensorOf(b, channelCount, new Float32Array(channelCount * (filterLength - 1)))
    for (let start = 0; start < length; start += blockLength) {
      const part = { start, length: Math.min(blockLength, length - start) }
      b.ops.longConv({ out: view(out, part), input: view(input, part), history, filter, inputShift: 0 })
      b.ops.advanceHistory({ history, input: view(input, part) })
    }
    expect(relativeError(await b.read(out), expected)).toBeLessThan(tolerance)
    b.releaseFilter(filter)
  })
  it('batch items do not meet; out may be post; filters longer than the input are cut', async () => {
    const length = 700
    const input = randomArray(3 * channelCount * length, 1)
    const filter = randomArray(channelCount * 1500, 2)
    const all = await longConv(backend(), { input, filter, channelCount, batch: 3 })
    const size = channelCount * length
    for (let i = 0; i < 3; i++) {
      const one = await conv(backend(), input.slice(i * size, (i + 1) * size), filter)
      expect(relativeError(all.slice(i * size, (i + 1) * size), one)).toBeLessThan(tolerance)
    }
    const b = backend()
    const out = tensorOf(b, channelCount, input.slice(0, size))
    const prepared = b.prepareFilter(
      b.planLongConv({ channelCount, length, filterLength: 1500 }),
      tensorOf(b, channelCount, filter),
      { centerTap: 0 },
    )
    b.ops.longConv({
      out,
      input: tensorOf(b, channelCount, input.slice(size, 2 * size)),
      filter: prepared,
      inputShift: 0,
      post: out,
    })
    expect(
      relativeError(
        await b.read(out),
        all.slice(size, 2 * size).map((v, i) => v * input[i]),
      ),
    ).toBeLessThan(tolerance)
    b.releaseFilter(prepared)
  })
})
