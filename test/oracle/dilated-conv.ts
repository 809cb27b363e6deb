import type { Matrix } from './linear.ts'

/** Naive float64 reference: `[outChannels][x.length - (width - 1) * dilation]`; weight `[outChannels, inChannels, width]` row-major. */
export function dilatedConv(
  x: Matrix,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  width: number,
  dilation: number,
  options: {
    before?: { scale: ArrayLike<number>; shift: ArrayLike<number> }
    after?: boolean
    residual?: Matrix
    slope?: number
  } = {},
): Matrix {
  const { before, after, residual, slope = 0.1 } = options
  const leaky = (x: number): number => (x > 0 ? x : slope * x)
  const a = before ? x.map((r, i) => r.map((v) => leaky(v * before.scale[i] + before.shift[i]))) : x
  const length = x[0].length - (width - 1) * dilation
  return Array.from({ length: bias.length }, (_, o) =>
    Float64Array.from({ length }, (_, t) => {
      let sum = bias[o]
      for (let i = 0; i < a.length; i++)
        for (let j = 0; j < width; j++) sum += weight[(o * a.length + i) * width + j] * a[i][t + j * dilation]
      return (after ? leaky(sum) : sum) + (residual ? residual[o][t] : 0)
    }),
  )
}
