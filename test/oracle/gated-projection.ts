import { layerNorm, linear, type Matrix } from './linear.ts'

/** Naive float64 reference of the way into a Hyena operator; matrices are `[channels][length]`. */
export interface GatedProjectionCase {
  input: Matrix
  history: Matrix | undefined
  norm: { weight: ArrayLike<number>; bias: ArrayLike<number>; epsilon: number }
  weight: ArrayLike<number> // [3 * channels * inChannels]
  bias: ArrayLike<number>
  shortWeight: ArrayLike<number> // [3 * channels * taps]
  shortBias: ArrayLike<number>
  channels: number
  taps: number
  padding: 'causal' | 'valid'
}

export function gatedProjection(a: GatedProjectionCase): { gate: Matrix; value: Matrix } {
  const { channels, taps } = a
  const project = (x: Matrix): Matrix =>
    linear(layerNorm(x, a.norm.weight, a.norm.bias, a.norm.epsilon), a.weight, a.bias, 3 * channels)
  const u = project(a.input)
  const past = a.history && taps > 1 ? project(a.history) : undefined
  const inputLength = a.input[0].length
  const length = a.padding === 'valid' ? inputLength - (taps - 1) : inputLength
  const s = u.map((row, o) =>
    Float64Array.from({ length }, (_, t) => {
      let sum = a.shortBias[o]
      for (let j = 0; j < taps; j++) {
        const i = a.padding === 'valid' ? t + j : t - (taps - 1) + j
        sum += a.shortWeight[o * taps + j] * (i >= 0 ? row[i] : past ? past[o][taps - 1 + i] : 0)
      }
      return sum
    }),
  )
  const value = Array.from({ length: channels }, (_, c) => s[channels + c].map((x1, t) => x1 * s[2 * channels + c][t]))
  return { gate: s.slice(0, channels), value }
}
