import type { Matrix } from './linear.ts'

/*
 * Naive float64 references of the gradients, written by definition. `slopeOf` turns a function of many numbers into its central
 * differences, which check these references themselves.
 */

export interface Before {
  readonly scale: ArrayLike<number>
  readonly shift: ArrayLike<number>
}

const leaky = (x: number, slope: number): number => (x > 0 ? x : slope * x)

/** d Σ(gradient · dilatedConv(input)) / d weight `[outChannels][inChannels * width]`, and / d bias. */
export function dilatedConvWeights(
  input: Matrix,
  gradient: Matrix,
  width: number,
  dilation: number,
  { before, slope = 0.1 }: { before?: Before; slope?: number } = {},
): { weight: Matrix; bias: Float64Array } {
  const a = before ? input.map((x, i) => x.map((v) => leaky(v * before.scale[i] + before.shift[i], slope))) : input
  return {
    weight: gradient.map((g) =>
      Float64Array.from({ length: a.length * width }, (_, k) => {
        const [i, j] = [Math.floor(k / width), k % width]
        let sum = 0
        for (let t = 0; t < g.length; t++) sum += g[t] * a[i][t + j * dilation]
        return sum
      }),
    ),
    bias: Float64Array.from(gradient, (g) => g.reduce((sum, v) => sum + v, 0)),
  }
}

export function affineLeakyGradient(
  input: Matrix,
  gradient: Matrix,
  { scale, shift }: Before,
  slope = 0.1,
): { input: Matrix; scale: Float64Array; shift: Float64Array } {
  const d = gradient.map((g, c) => g.map((v, t) => v * (input[c][t] * scale[c] + shift[c] > 0 ? 1 : slope)))
  return {
    input: d.map((row, c) => row.map((v) => v * scale[c])),
    scale: Float64Array.from(d, (row, c) => row.reduce((sum, v, t) => sum + v * input[c][t], 0)),
    shift: Float64Array.from(d, (row) => row.reduce((sum, v) => sum + v, 0)),
  }
}

export function normGradient(
  input: Matrix,
  gradient: Matrix,
  weight: ArrayLike<number>,
  epsilon: number,
): { input: Matrix; weight: Float64Array; bias: Float64Array } {
  const channels = input.length
  const out = input.map((row) => new Float64Array(row.length))
  const weightSums = new Float64Array(channels)
  for (let t = 0; t < input[0].length; t++) {
    const x = input.map((row) => row[t])
    const mean = x.reduce((sum, v) => sum + v, 0) / channels
    const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channels + epsilon)
    const normalized = x.map((v) => (v - mean) / deviation)
    const h = gradient.map((row, c) => row[t] * weight[c])
    const plain = h.reduce((sum, v) => sum + v, 0) / channels
    const products = h.reduce((sum, v, c) => sum + v * normalized[c], 0) / channels
    for (let c = 0; c < channels; c++) {
      out[c][t] = (h[c] - plain - normalized[c] * products) / deviation
      weightSums[c] += gradient[c][t] * normalized[c]
    }
  }
  return { input: out, weight: weightSums, bias: Float64Array.from(gradient, (g) => g.reduce((sum, v) => sum + v, 0)) }
}

export interface LongConvOfOneChannel {
  readonly input: ArrayLike<number>
  readonly filter: ArrayLike<number>
  readonly centerTap: number
  readonly pre: ArrayLike<number>
  readonly post: ArrayLike<number>
  readonly skip: number
}

/** Of Σ(gradient · y), y = post · (filter * x + skip · x), x = pre · input, zeros around; one channel of one batch item. */
export function longConv(
  { input, filter, centerTap, pre, post, skip }: LongConvOfOneChannel,
  gradient: ArrayLike<number>,
): { input: Float64Array; filter: Float64Array; pre: Float64Array; post: Float64Array; skip: number } {
  const length = input.length
  const x = Float64Array.from({ length }, (_, t) => pre[t] * input[t])
  const h = Float64Array.from({ length }, (_, t) => post[t] * gradient[t])
  const dx = h.map((v) => skip * v)
  const z = x.map((v) => skip * v)
  const dk = new Float64Array(filter.length)
  for (let t = 0; t < length; t++) {
    const first = Math.max(0, t + centerTap - length + 1)
    const end = Math.min(filter.length, t + centerTap + 1)
    for (let j = first; j < end; j++) {
      const s = t + centerTap - j
      z[t] += filter[j] * x[s]
      dx[s] += filter[j] * h[t]
      dk[j] += h[t] * x[s]
    }
  }
  return {
    input: dx.map((v, t) => v * pre[t]),
    filter: dk,
    pre: dx.map((v, t) => v * input[t]),
    post: z.map((v, t) => v * gradient[t]),
    skip: x.reduce((sum, v, t) => sum + v * h[t], 0),
  }
}

export function crossEntropy(
  logits: Matrix,
  labels: ArrayLike<number>,
  scale: number,
): { loss: Float64Array; gradient: Matrix } {
  const gradient = logits.map((row) => new Float64Array(row.length))
  const loss = Float64Array.from(logits[0], (_, t) => {
    if (labels[t] < 0) return 0
    const most = Math.max(...logits.map((row) => row[t]))
    const powers = logits.map((row) => Math.exp(row[t] - most))
    const sum = powers.reduce((total, v) => total + v, 0)
    for (const [k, row] of gradient.entries()) row[t] = scale * (powers[k] / sum - (k === labels[t] ? 1 : 0))
    return Math.log(sum) - (logits[labels[t]][t] - most)
  })
  return { loss, gradient }
}

/** Central differences of `f` at `x`, one for each of its numbers. */
export function slopeOf(f: (x: Float64Array) => number, x: ArrayLike<number>, step = 1e-5): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => {
    const moved = Float64Array.from(x)
    moved[i] = x[i] + step
    const above = f(moved)
    moved[i] = x[i] - step
    return (above - f(moved)) / (2 * step)
  })
}
