/** Float64 transforms for reference: the definition, and a plain recursive FFT of any size (itself tested against the definition). */

export interface ComplexArray {
  readonly re: Float64Array
  readonly im: Float64Array
}
export const complexZeros = (size: number): ComplexArray => ({ re: new Float64Array(size), im: new Float64Array(size) })

/** X[f] = sum over n of x[n] e^{sign 2 pi i f n / N}, by definition. */
export function dft(x: ComplexArray, sign: 1 | -1 = -1): ComplexArray {
  const size = x.re.length
  const out = complexZeros(size)
  for (let f = 0; f < size; f++) {
    for (let n = 0; n < size; n++) {
      const angle = (sign * 2 * Math.PI * ((f * n) % size)) / size
      out.re[f]! += x.re[n]! * Math.cos(angle) - x.im[n]! * Math.sin(angle)
      out.im[f]! += x.re[n]! * Math.sin(angle) + x.im[n]! * Math.cos(angle)
    }
  }
  return out
}

/** The same for any size: split by the smallest prime factor (a prime size costs its square). */
export function fft(x: ComplexArray, sign: 1 | -1 = -1): ComplexArray {
  const size = x.re.length
  let radix = 2
  while (radix * radix <= size && size % radix !== 0) radix++
  if (size % radix !== 0 || size <= radix) return dft(x, sign)
  const part = size / radix
  const parts = Array.from({ length: radix }, (_, r) => {
    const every = complexZeros(part)
    for (let n = 0; n < part; n++) {
      every.re[n] = x.re[n * radix + r]!
      every.im[n] = x.im[n * radix + r]!
    }
    return fft(every, sign)
  })
  const out = complexZeros(size)
  for (let f = 0; f < size; f++) {
    for (let r = 0; r < radix; r++) {
      const angle = (sign * 2 * Math.PI * ((f * r) % size)) / size
      const c = Math.cos(angle)
      const s = Math.sin(angle)
      const p = parts[r]!
      out.re[f]! += p.re[f % part]! * c - p.im[f % part]! * s
      out.im[f]! += p.re[f % part]! * s + p.im[f % part]! * c
    }
  }
  return out
}
