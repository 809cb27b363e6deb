/** Naive float64 references; `[channels][length]` as nested arrays of number. */

export type Matrix = Float64Array[]

export const matrix = (data: ArrayLike<number>, channels: number): Matrix => {
  const length = data.length / channels
  return Array.from({ length: channels }, (_, c) => Float64Array.from({ length }, (_, t) => data[c * length + t]))
}
export const flat = (m: Matrix): Float64Array => {
  const out = new Float64Array(m.length * (m[0]?.length ?? 0))
  m.forEach((r, c) => {
    out.set(r, c * r.length)
  })
  return out
}

export function layerNorm(x: Matrix, weight: ArrayLike<number>, bias: ArrayLike<number>, epsilon: number): Matrix {
  const out = x.map((r) => r.slice())
  for (let t = 0; t < x[0].length; t++) {
    const mean = x.reduce((s, r) => s + r[t], 0) / x.length
    const variance = x.reduce((s, r) => s + (r[t] - mean) ** 2, 0) / x.length
    out.forEach((r, c) => {
      r[t] = ((r[t] - mean) / Math.sqrt(variance + epsilon)) * weight[c] + bias[c]
    })
  }
  return out
}

/** weight [outChannels * inChannels] row-major. */
export function linear(
  x: Matrix,
  weight: ArrayLike<number>,
  bias: ArrayLike<number> | undefined,
  outChannels: number,
): Matrix {
  return Array.from({ length: outChannels }, (_, o) =>
    x[0].map((_, t) => x.reduce((s, r, i) => s + weight[o * x.length + i] * r[t], bias ? bias[o] : 0)),
  )
}

export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
