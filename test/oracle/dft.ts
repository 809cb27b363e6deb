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
      out.re[f] += x.re[n] * Math.cos(angle) - x.im[n] * Math.sin(angle)
      out.im[f] += x.re[n] * Math.sin(angle) + x.im[n] * Math.cos(angle)
    }
  }
  return out
}

/** The same for any size: split by the smallest prime factor (a prime size costs its square). */
export function fft(x: ComplexArray, sign: 1 | -1 = -1): ComplexArray {
  const size = x.re.length
  const roots = complexZeros(size)
  for (let n = 0; n < size; n++) {
    roots.re[n] = Math.cos((2 * Math.PI * n) / size)
    roots.im[n] = sign * Math.sin((2 * Math.PI * n) / size)
  }
  return recurse(x, 0, 1, size, roots)
}

/** Of the `size` values x[start + n * step]. */
function recurse(x: ComplexArray, start: number, step: number, size: number, roots: ComplexArray): ComplexArray {
  const out = complexZeros(size)
  if (size === 1) {
    out.re[0] = x.re[start]
    out.im[0] = x.im[start]
    return out
  }
  let radix = 2
  while (radix * radix <= size && size % radix !== 0) radix++
  if (size % radix !== 0) radix = size
  const part = size / radix
  for (let r = 0; r < radix; r++) {
    const { re, im } = recurse(x, start + r * step, step * radix, part, roots)
    for (let f = 0, g = 0; f < size; f++, g = g + 1 === part ? 0 : g + 1) {
      const w = ((f * r) % size) * step
      out.re[f] += re[g] * roots.re[w] - im[g] * roots.im[w]
      out.im[f] += re[g] * roots.im[w] + im[g] * roots.re[w]
    }
  }
  return out
}
