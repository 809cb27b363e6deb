import { afterAll, describe, expect, it } from 'vitest'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { lowPassMask, maskedTaps, monarchMask } from '../../src/kernels/long-conv/frequency-mask.ts'
import { hostDft } from '../../src/kernels/long-conv/host-dft.ts'
import { keptBlocks } from '../../src/kernels/long-conv/plan.ts'
import { maskedNegacyclic } from '../oracle/convolution.ts'
import { dft } from '../oracle/dft.ts'
import { poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { transformOf } from '../support/plans.ts'

describe('frequency-sparse plans on cpu', () => {
  const b = createCpuBackend({ threads: 2 })
  afterAll(() => b.destroy())

  it.each([
    [2000, 2000, 0, 0.25],
    [2000, 2000, 0, 0.5],
    [2000, 2000, 0, 0.95],
    [1000, 301, 150, 0.5],
    [20_000, 20_000, 0, 0.75],
  ])(
    '%i positions, %i taps, centre %i, %f left out: equals the masked transform',
    async (length, filterLength, centerTap, frequencySparsity) => {
      const channelCount = 2
      const [x, k, post, skip] = [length, filterLength, length, 1].map((n, i) => randomArray(channelCount * n, i)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ]
      const plan = transformOf(b.planLongConv({ channelCount, length, filterLength, frequencySparsity }))
      expect(plan.segmentCount).toBe(1)
      const filter = b.prepareFilter(plan, tensorOf(b, channelCount, k), { centerTap })
      const out = poisoned(b, channelCount, length)
      b.ops.longConv({
        out,
        input: tensorOf(b, channelCount, x),
        filter,
        inputShift: 0,
        post: tensorOf(b, channelCount, post),
        skip: b.weights(skip, [channelCount]),
      })
      const got = await b.read(out)
      b.releaseFilter(filter)
      for (let c = 0; c < channelCount; c++) {
        const input = x.subarray(c * length, (c + 1) * length)
        const y = maskedNegacyclic(
          input,
          k.subarray(c * filterLength, (c + 1) * filterLength),
          centerTap,
          plan.fftSize / 2,
          plan.factors[0],
          keptBlocks(plan),
        )
        const expected = Float64Array.from(input, (v, t) => post[c * length + t] * (y[t] + skip[c] * v))
        expect(relativeError(got.subarray(c * length, (c + 1) * length), expected)).toBeLessThan(2e-6)
      }
    },
  )
})

describe('masks', () => {
  it.each([1, 2, 5, 16, 97, 360])('the host transform of %i points equals the definition', (size) => {
    const x = { re: Float64Array.from(randomArray(size, 1)), im: Float64Array.from(randomArray(size, 2)) }
    for (const sign of [1, -1] as const) expect(relativeError(hostDft(x, sign).re, dft(x, sign).re)).toBeLessThan(1e-12)
  })
  it('a mask of ones leaves the taps as they are', () => {
    const taps = randomArray(5, 1)
    const masked = maskedTaps(taps, 1, 0, new Float32Array(40).fill(1), 20)
    expect(
      relativeError(masked, [...new Array<number>(19).fill(0), ...taps, ...new Array<number>(15).fill(0)]),
    ).toBeLessThan(1e-7)
  })
  it('patterns keep the bins they say', () => {
    expect([...lowPassMask(8, 2)]).toEqual([1, 1, 0, 0, 0, 0, 0, 1])
    expect([...monarchMask({ columns: 2, rows: 2, keptColumns: 1, keptRows: 1, symmetry: 'hermitian' })]).toEqual([
      1, 0, 0, 0,
    ])
    expect([...monarchMask({ columns: 4, rows: 2, keptColumns: 2, keptRows: 1, symmetry: 'real-part' })]).toEqual([
      1, 0.5, 0, 0, 0, 0, 0, 0.5,
    ])
  })
  it('a mask that would make a real filter complex is refused', () => {
    expect(() => maskedTaps(new Float32Array(2), 1, 0, Float32Array.of(1, 1, 0, 0), 2)).toThrow(
      /not symmetric at bin 1/,
    )
  })
})
