/** Tables of fft-conv.lib.wgsl, made in float64: a device's own sines and cosines would cost three digits. */

/** Where the parts of one table buffer begin, in complex values, after the twiddles of the steps. */
export interface TableLayout {
  readonly coarseTable: number
  readonly fineTable: number
  readonly fineBits: number
}

/** Places from one neighbour to the next in each radix-16 step that is followed by another. */
const stepStrides = (points: number): number[] => {
  const strides: number[] = []
  for (let stride = points / 16; stride > 1; stride = Math.floor(stride / 16)) strides.push(stride)
  return strides
}

/** Frequencies whose twiddles are stored; the others are products of one of the first four and one of the last three. */
const storedFrequencies = [0, 1, 2, 3, 4, 8, 12]

/** The layout for transforms of `points`, as columns of blocks of `blockPoints` (or as rows, or fused: no outer twiddles). */
export function tableLayout(points: number, blockPoints?: number): TableLayout {
  const coarseTable = stepStrides(points).reduce((sum, stride) => sum + storedFrequencies.length * stride, 0)
  const fineBits = blockPoints === undefined ? 0 : Math.ceil(Math.log2(4 * blockPoints) / 2)
  return {
    coarseTable,
    fineTable: coarseTable + (blockPoints === undefined ? 0 : (4 * blockPoints) >> fineBits),
    fineBits,
  }
}

/**
 * The values, as pairs of real and imaginary part. First, a step after another, w^(q j) with w = e^(-2πi / (16 · stride)), for
 * each stored frequency q and place j below stride; where points are twisted the first step's first four carry e^(2πi j / 4 points)
 * as well. Then the coarse and the fine table of the outer twiddles.
 */
export function makeTables(
  points: number,
  { isTwisted, blockPoints }: { readonly isTwisted: boolean; readonly blockPoints?: number },
): Float32Array {
  const layout = tableLayout(points, blockPoints)
  const out = new Float32Array(2 * (layout.fineTable + (blockPoints === undefined ? 0 : 2 ** layout.fineBits)))
  let at = 0
  const push = (turns: number): void => {
    out[at++] = Math.cos(2 * Math.PI * turns)
    out[at++] = Math.sin(2 * Math.PI * turns)
  }
  for (const [step, stride] of stepStrides(points).entries())
    for (const q of storedFrequencies)
      for (let j = 0; j < stride; j++)
        push(-(q * j) / (16 * stride) + (isTwisted && step === 0 && q < 4 ? j / (4 * points) : 0))
  if (blockPoints !== undefined) {
    const fine = 2 ** layout.fineBits
    for (let k = 0; k < (4 * blockPoints) / fine; k++) push((-k * fine) / (4 * blockPoints))
    for (let k = 0; k < fine; k++) push(-k / (4 * blockPoints))
  }
  return out
}
