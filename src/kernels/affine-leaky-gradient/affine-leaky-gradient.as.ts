import { madd } from '../cpu/simd.lib.as'

/**
 * g[0, n) = scale · d, d = g where scale · x + shift > 0 and slope · g elsewhere; sums[0..3] += d · x, sums[4..7] += d by lanes.
 * n rounded up to 4.
 */
export function affineLeakyBackward(g: usize, x: usize, n: i32, scale: f32, shift: f32, slope: f32, sums: usize): void {
  const a = f32x4.splat(scale)
  const b = f32x4.splat(shift)
  const s = f32x4.splat(slope)
  const zero = f32x4.splat(0)
  let products = f32x4.splat(0)
  let plain = products
  for (const end = g + (<usize>n << 2); g < end; g += 16, x += 16) {
    const value = v128.load(x)
    const gradient = v128.load(g)
    const isAbove = v128.gt<f32>(madd(a, value, b), zero)
    const d = v128.bitselect(gradient, v128.mul<f32>(gradient, s), isAbove)
    products = madd(d, value, products)
    plain = v128.add<f32>(plain, d)
    v128.store(g, v128.mul<f32>(d, a))
  }
  v128.store(sums, v128.add<f32>(v128.load(sums), products))
  v128.store(sums, v128.add<f32>(v128.load(sums, 16), plain), 16)
}

/** y[0, n) += x; n rounded up to 4. */
export function addRow(y: usize, x: usize, n: i32): void {
  for (const end = y + (<usize>n << 2); y < end; y += 16, x += 16) v128.store(y, v128.add<f32>(v128.load(y), v128.load(x)))
}
