import { complexZeros, fft } from './dft.ts'

export type Vector = ArrayLike<number>

/** y[t] = sum over j of k[j] x[t + centerTap - j] for t in [0, x.length), x zero outside; by definition. */
export function directConvolution(x: Vector, k: Vector, centerTap = 0): Float64Array {
  const y = new Float64Array(x.length)
  for (let t = 0; t < x.length; t++) {
    const last = Math.min(k.length - 1, t + centerTap)
    for (let j = Math.max(0, t + centerTap - x.length + 1); j <= last; j++) y[t] += k[j] * x[t + centerTap - j]
  }
  return y
}

/** The same through float64 FFTs, for lengths where the definition takes too long. */
export function convolution(x: Vector, k: Vector, centerTap = 0): Float64Array {
  if (x.length * k.length <= 1 << 20) return directConvolution(x, k, centerTap)
  const size = 2 ** Math.ceil(Math.log2(x.length + k.length))
  const a = complexZeros(size)
  const b = complexZeros(size)
  for (let i = 0; i < x.length; i++) a.re[i] = x[i]
  for (let i = 0; i < k.length; i++) b.re[i] = k[i]
  const fa = fft(a)
  const fb = fft(b)
  for (let f = 0; f < size; f++) {
    const re = fa.re[f] * fb.re[f] - fa.im[f] * fb.im[f]
    fa.im[f] = fa.re[f] * fb.im[f] + fa.im[f] * fb.re[f]
    fa.re[f] = re
  }
  const y = fft(fa, 1).re
  return Float64Array.from({ length: x.length }, (_, t) => y[t + centerTap] / size)
}

export interface LongConvReference {
  readonly input: Vector
  readonly history?: Vector
  readonly taps: Vector
  readonly centerTap: number
  readonly inputShift: number
  readonly length: number
  readonly pre?: Vector
  readonly post?: Vector
  readonly skip?: number
}

/** One channel of the op's contract in float64. */
export function longConvReference(a: LongConvReference): Float64Array {
  const historyLength = a.history?.length ?? 0
  const before = Math.max(0, -a.inputShift) // outputs that lie before the history have nothing but zeros around
  const start = historyLength + before
  const x = new Float64Array(start + Math.max(a.input.length, a.inputShift + a.length + a.taps.length))
  for (let i = 0; i < historyLength; i++) x[before + i] = a.history![i]
  for (let i = 0; i < a.input.length; i++) x[start + i] = a.input[i] * (a.pre ? a.pre[i] : 1)
  const y = convolution(x, a.taps, a.centerTap)
  return Float64Array.from({ length: a.length }, (_, t) => {
    const at = start + t + a.inputShift
    return (a.post ? a.post[t] : 1) * (y[at] + (a.skip ?? 0) * x[at])
  })
}

/**
 * What a frequency-sparse plan computes, from its definition: the block of 2N real points (x from position 0) and the
 * filter (tap `centerTap` at 0, those before it wrapping round with the sign changed) as complex polynomials modulo X^N - i,
 * evaluated at e^{2 pi i (1/4 + f) / N}; of the N bins only f with f mod columns < kept are used.
 */
export function maskedNegacyclic(
  x: Vector,
  taps: Vector,
  centerTap: number,
  size: number,
  columns: number,
  kept: number,
): Float64Array {
  const fold = (values: (n: number) => number): ReturnType<typeof fft> => {
    const z = complexZeros(size)
    for (let n = 0; n < size; n++) {
      const c = Math.cos((Math.PI * n) / (2 * size))
      const s = Math.sin((Math.PI * n) / (2 * size))
      z.re[n] = values(n) * c - values(n + size) * s
      z.im[n] = values(n) * s + values(n + size) * c
    }
    return fft(z, 1)
  }
  const block = fold((n) => x[n] ?? 0)
  const filter = fold((n) => taps[n + centerTap] ?? -(taps[n - 2 * size + centerTap] ?? 0))
  for (let f = 0; f < size; f++) {
    const isKept = f % columns < kept ? 1 / size : 0
    const re = (block.re[f] * filter.re[f] - block.im[f] * filter.im[f]) * isKept
    block.im[f] = (block.re[f] * filter.im[f] + block.im[f] * filter.re[f]) * isKept
    block.re[f] = re
  }
  const y = fft(block, -1)
  return Float64Array.from({ length: 2 * size }, (_, p) => {
    const n = p % size
    const c = Math.cos((Math.PI * n) / (2 * size))
    const s = Math.sin((Math.PI * n) / (2 * size))
    return p < size ? y.re[n] * c + y.im[n] * s : y.im[n] * c - y.re[n] * s
  })
}
