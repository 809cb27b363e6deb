/** Complex values in float64. */
export interface ComplexVector {
  readonly re: Float64Array
  readonly im: Float64Array
}

const vector = (size: number): ComplexVector => ({ re: new Float64Array(size), im: new Float64Array(size) })

/**
 * X[f] = sum over n of x[n] e^{sign 2 pi i f n / N}, any N, float64, on the host: for readying filters, not for data.
 * Powers of two by the iterative Cooley-Tukey algorithm, other sizes through a convolution of a power of two (Bluestein 1970).
 */
export function hostDft(x: ComplexVector, sign: 1 | -1): ComplexVector {
  const size = x.re.length
  if (Number.isInteger(Math.log2(size))) return powerOfTwo(x, sign)
  const padded = 2 ** Math.ceil(Math.log2(2 * size - 1))
  const chirp = vector(size) // e^{sign pi i n^2 / N}
  for (let n = 0; n < size; n++) {
    const angle = (sign * Math.PI * ((n * n) % (2 * size))) / size
    chirp.re[n] = Math.cos(angle)
    chirp.im[n] = Math.sin(angle)
  }
  const a = vector(padded)
  const b = vector(padded)
  for (let n = 0; n < size; n++) {
    a.re[n] = x.re[n] * chirp.re[n] - x.im[n] * chirp.im[n]
    a.im[n] = x.re[n] * chirp.im[n] + x.im[n] * chirp.re[n]
    for (const at of n === 0 ? [0] : [n, padded - n]) {
      b.re[at] = chirp.re[n]
      b.im[at] = -chirp.im[n]
    }
  }
  const fa = powerOfTwo(a, 1)
  const fb = powerOfTwo(b, 1)
  multiply(fa, fb)
  const product = powerOfTwo(fa, -1)
  const out = vector(size)
  for (let f = 0; f < size; f++) {
    const re = product.re[f] / padded
    const im = product.im[f] / padded
    out.re[f] = re * chirp.re[f] - im * chirp.im[f]
    out.im[f] = re * chirp.im[f] + im * chirp.re[f]
  }
  return out
}

function multiply(a: ComplexVector, b: ComplexVector): void {
  for (let f = 0; f < a.re.length; f++) {
    const re = a.re[f] * b.re[f] - a.im[f] * b.im[f]
    a.im[f] = a.re[f] * b.im[f] + a.im[f] * b.re[f]
    a.re[f] = re
  }
}

function powerOfTwo(x: ComplexVector, sign: 1 | -1): ComplexVector {
  const size = x.re.length
  const { re, im } = { re: x.re.slice(), im: x.im.slice() }
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      ;[re[i], re[j]] = [re[j], re[i]]
      ;[im[i], im[j]] = [im[j], im[i]]
    }
  }
  const cosines = Float64Array.from({ length: size / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / size))
  const sines = Float64Array.from({ length: size / 2 }, (_, n) => sign * Math.sin((2 * Math.PI * n) / size))
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half)
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const i = start + k
        const j = i + half
        const c = cosines[k * step]
        const s = sines[k * step]
        const br = re[j] * c - im[j] * s
        const bi = re[j] * s + im[j] * c
        re[j] = re[i] - br
        im[j] = im[i] - bi
        re[i] += br
        im[i] += bi
      }
    }
  }
  return { re, im }
}
