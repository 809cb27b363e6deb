/** Tables of fft-conv.wgsl, made in float64: a device's own sines and cosines would cost three digits. */

/** Where the parts of one table buffer begin, in complex values. */
export interface TableLayout {
  readonly twistTable: number
  readonly coarseTable: number
  readonly fineTable: number
  readonly fineBits: number
}

/** Twiddles of all radix-16 steps come first: w^(q j) with w = e^(-2πi / (16 · stride)), [16][stride] a step. */
const stepStrides = (points: number): number[] => {
  const strides: number[] = []
  for (let stride = points / 16; stride > 1; stride = Math.floor(stride / 16)) strides.push(stride)
  return strides
}

/** The layout for transforms of `points`, as columns of blocks of `blockPoints` (or as rows, or fused: no outer twiddles). */
export function tableLayout(points: number, blockPoints?: number): TableLayout {
  const twistTable = stepStrides(points).reduce((sum, stride) => sum + 16 * stride, 0)
  const coarseTable = twistTable + points
  const fineBits = blockPoints === undefined ? 0 : Math.ceil(Math.log2(4 * blockPoints) / 2)
  return {
    twistTable,
    coarseTable,
    fineTable: coarseTable + (blockPoints === undefined ? 0 : (4 * blockPoints) >> fineBits),
    fineBits,
  }
}

/** The values, as pairs of real and imaginary part. */
export function makeTables(points: number, blockPoints?: number): Float32Array {
  const layout = tableLayout(points, blockPoints)
  const out = new Float32Array(2 * (layout.fineTable + (blockPoints === undefined ? 0 : 2 ** layout.fineBits)))
  let at = 0
  const push = (turns: number): void => {
    out[at++] = Math.cos(2 * Math.PI * turns)
    out[at++] = Math.sin(2 * Math.PI * turns)
  }
  for (const stride of stepStrides(points))
    for (let q = 0; q < 16; q++) for (let j = 0; j < stride; j++) push(-(q * j) / (16 * stride))
  for (let n = 0; n < points; n++) push(n / (4 * points))
  if (blockPoints !== undefined) {
    const fine = 2 ** layout.fineBits
    for (let k = 0; k < (4 * blockPoints) / fine; k++) push((-k * fine) / (4 * blockPoints))
    for (let k = 0; k < fine; k++) push(-k / (4 * blockPoints))
  }
  return out
}
