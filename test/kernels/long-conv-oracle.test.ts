import { expect, it } from 'vitest'
import { convolution, directConvolution } from '../oracle/convolution.ts'
import { dft, fft } from '../oracle/dft.ts'
import { randomArray, relativeError } from '../support/backends.ts'

it.each([1, 2, 3, 7, 12, 64, 125, 210])('the reference FFT of %i points agrees with the definition', (size) => {
  const x = { re: Float64Array.from(randomArray(size, 1)), im: Float64Array.from(randomArray(size, 2)) }
  for (const sign of [1, -1] as const) {
    const expected = dft(x, sign)
    const got = fft(x, sign)
    expect(relativeError(got.re, expected.re)).toBeLessThan(1e-13)
    expect(relativeError(got.im, expected.im)).toBeLessThan(1e-13)
  }
})

it('the reference convolution through the FFT agrees with the definition', () => {
  const x = randomArray(1500, 1)
  const k = randomArray(1001, 2)
  for (const centerTap of [0, 500])
    expect(relativeError(convolution(x, k, centerTap), directConvolution(x, k, centerTap))).toBeLessThan(1e-13)
})
