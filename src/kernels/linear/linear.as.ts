import { madd } from '../cpu/simd.lib.as'

/** y[0, n) += a * x[0, n); addresses in bytes, n a multiple of 4. */
export function axpy(y: usize, x: usize, a: f32, n: i32): void {
  const va = f32x4.splat(a)
  for (let end = y + (<usize>n << 2); y < end; y += 16, x += 16) {
    v128.store(y, madd(va, v128.load(x), v128.load(y)))
  }
}
