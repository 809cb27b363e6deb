import { madd, nmadd } from '../cpu/simd.lib.as'

/**
 * g becomes the gradient of the input, for n positions (a multiple of 4) of rows `rowBytes` apart; sums[c][0..3] += g · x̂ and
 * sums[c][4..7] += g by lanes, where x̂ is the normalised input..
 */
export function normBackward(
  g: usize, x: usize, rowBytes: usize, channels: i32, n: i32, weight: usize, epsilon: f32, sums: usize,
): void {
  const perChannel = f32x4.splat(1 / <f32>channels)
  const extent = <usize>channels * rowBytes
  for (const stop = g + (<usize>n << 2); g < stop; g += 16, x += 16) {
    let mean = f32x4.splat(0)
    for (let at: usize = 0; at < extent; at += rowBytes) mean = v128.add<f32>(mean, v128.load(x + at))
    mean = v128.mul<f32>(mean, perChannel)
    let squares = f32x4.splat(0)
    for (let at: usize = 0; at < extent; at += rowBytes) {
      const d = v128.sub<f32>(v128.load(x + at), mean)
      squares = madd(d, d, squares)
    }
    const inverse = v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(madd(squares, perChannel, f32x4.splat(epsilon))))
    let plain = f32x4.splat(0)
    let products = f32x4.splat(0)
    let w = weight
    for (let at: usize = 0, s = sums; at < extent; at += rowBytes, w += 4, s += 32) {
      const gradient = v128.load(g + at)
      const xHat = v128.mul<f32>(v128.sub<f32>(v128.load(x + at), mean), inverse)
      v128.store(s, madd(gradient, xHat, v128.load(s)))
      v128.store(s, v128.add<f32>(v128.load(s, 16), gradient), 16)
      const h = v128.mul<f32>(gradient, v128.load32_splat(w))
      plain = v128.add<f32>(plain, h)
      products = madd(h, xHat, products)
    }
    plain = v128.mul<f32>(plain, perChannel)
    products = v128.mul<f32>(products, perChannel)
    w = weight
    for (let at: usize = 0; at < extent; at += rowBytes, w += 4) {
      const h = v128.mul<f32>(v128.load(g + at), v128.load32_splat(w))
      const xHat = v128.mul<f32>(v128.sub<f32>(v128.load(x + at), mean), inverse)
      v128.store(g + at, v128.mul<f32>(nmadd(xHat, products, v128.sub<f32>(h, plain)), inverse))
    }
  }
}
