import { madd } from '../cpu/simd.lib.as'

/** x where it is above 0, else slope · x; slope at most 1. */
// @ts-ignore: decorator
@inline
export function leaky(x: v128, slope: v128): v128 {
  return v128.pmax<f32>(x, v128.mul<f32>(x, slope))
}

/** row[0, n) = leaky(scale · row + shift); n rounded up to 4. */
export function affineLeaky(row: usize, n: i32, scale: f32, shift: f32, slope: f32): void {
  const a = f32x4.splat(scale)
  const b = f32x4.splat(shift)
  const s = f32x4.splat(slope)
  for (const end = row + (<usize>n << 2); row < end; row += 16) v128.store(row, leaky(madd(a, v128.load(row), b), s))
}

/** row[0, n) = leaky(row + bias), slope 1 for none (+ residual where its address is not 0); n rounded up to 4. */
export function finishRow(row: usize, n: i32, bias: f32, slope: f32, residual: usize): void {
  const b = f32x4.splat(bias)
  const s = f32x4.splat(slope)
  for (const end = row + (<usize>n << 2); row < end; row += 16) {
    let y = v128.add<f32>(v128.load(row), b)
    if (slope != 1) y = leaky(y, s)
    if (residual) {
      y = v128.add<f32>(y, v128.load(residual))
      residual += 16
    }
    v128.store(row, y)
  }
}
