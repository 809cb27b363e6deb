import { madd } from '../cpu/simd.lib.as'

/** Positions of a tile: with four rows, as many sums as V8 keeps in registers without spilling. */
// @ts-ignore: a constant given to the compiler
export const tilePositions: i32 = WIDE ? 16 : 8

/**
 * out[r, tile) += Σ_a Σ_b weights[a][b][r] · x[a · outerStride + b · innerStride + tile) for r of 0..3 and the positions of a
 * tile. Strides in bytes; weights as `[outer][inner][4]`.
 */
// @ts-ignore: decorator
@inline
// wide: 32
export function multiplyTile(
  out: usize, outStride: usize, x: usize, weights: usize, inner: i32, innerStride: usize, outer: i32, outerStride: usize,
): void {
  const out1 = out + outStride
  const out2 = out1 + outStride
  const out3 = out2 + outStride
  let a0 = v128.load(out)
  let b0 = v128.load(out, 16)
  let a1 = v128.load(out1)
  let b1 = v128.load(out1, 16)
  let a2 = v128.load(out2)
  let b2 = v128.load(out2, 16)
  let a3 = v128.load(out3)
  let b3 = v128.load(out3, 16)
  for (; outer > 0; outer--, x += outerStride) {
    let from = x
    const end = weights + (<usize>inner << 4)
    for (; weights < end; weights += 16, from += innerStride) {
      const xa = v128.load(from)
      const xb = v128.load(from, 16)
      let w = v128.load32_splat(weights)
      a0 = madd(w, xa, a0)
      b0 = madd(w, xb, b0)
      w = v128.load32_splat(weights, 4)
      a1 = madd(w, xa, a1)
      b1 = madd(w, xb, b1)
      w = v128.load32_splat(weights, 8)
      a2 = madd(w, xa, a2)
      b2 = madd(w, xb, b2)
      w = v128.load32_splat(weights, 12)
      a3 = madd(w, xa, a3)
      b3 = madd(w, xb, b3)
    }
  }
  v128.store(out, a0)
  v128.store(out, b0, 16)
  v128.store(out1, a1)
  v128.store(out1, b1, 16)
  v128.store(out2, a2)
  v128.store(out2, b2, 16)
  v128.store(out3, a3)
  v128.store(out3, b3, 16)
}

/**
 * out[4 · rowBlocks rows][n] += the double sum above at every position; n a multiple of tilePositions, weights `[rowBlocks]`
 * blocks `weightsStride` bytes apart.
 */
export function multiplyAdd(
  out: usize, outStride: usize, rowBlocks: i32, n: i32, x: usize, weights: usize, weightsStride: usize,
  inner: i32, innerStride: usize, outer: i32, outerStride: usize,
): void {
  const bytes = <usize>n << 2
  for (let block = 0; block < rowBlocks; block++) {
    for (let t: usize = 0; t < bytes; t += tilePositions << 2) multiplyTile(out + t, outStride, x + t, weights, inner, innerStride, outer, outerStride)
    out += outStride << 2
    weights += weightsStride
  }
}
