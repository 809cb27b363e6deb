import { madd, nmadd } from '../cpu/simd.lib.as'
import { backwardLeaf4, forwardLeaf4 } from './transform-leaf4.lib.as'
import { backwardLeaf8, forwardLeaf8 } from './transform-leaf8.lib.as'

/*
 * Complex Fourier transforms of many columns at once, a column a vector lane, so that nothing is ever shuffled. Data are
 * rows of `rowBytes`: row n holds sample n of every column, real parts in its first half, imaginary parts in its second.
 * Forward is radix 4 with decimation in frequency, backward its mirror image; the order of the frequencies in between is
 * the digit-reversed one, which costs nothing: the last forward step puts each frequency where `places` says (byte
 * offsets of its real and its imaginary part), and the first backward step takes it from there.
 */

/** data to spectra; destroys data. Twiddles and places as spectra.ts makes them; fftSize a power of two, at least 16. */
export function forwardTransform(data: usize, rowBytes: usize, fftSize: i32, twiddles: usize, spectra: usize, places: usize): void {
  let size = fftSize
  for (; size > 8; size >>= 2) {
    forwardStep(data, rowBytes, fftSize, size, twiddles)
    twiddles += <usize>(size >> 2) * 24
  }
  if (size == 8) forwardLeaf8(data, rowBytes, fftSize, spectra, places)
  else forwardLeaf4(data, rowBytes, fftSize, spectra, places)
}

/** spectra to fftSize times data. */
export function backwardTransform(data: usize, rowBytes: usize, fftSize: i32, twiddles: usize, spectra: usize, places: usize): void {
  let size = ctz(fftSize) & 1 ? 8 : 4
  if (size == 8) backwardLeaf8(data, rowBytes, fftSize, spectra, places)
  else backwardLeaf4(data, rowBytes, fftSize, spectra, places)
  twiddles += <usize>(fftSize - size) << 3 // the table's end
  while (size < fftSize) {
    size <<= 2
    twiddles -= <usize>(size >> 2) * 24
    backwardStep(data, rowBytes, fftSize, size, twiddles)
  }
}

/** Every butterfly of one radix-4 step over blocks of `size` rows; twiddles `[size / 4][cos, sin of θ, 2θ, 3θ]`, θ = 2πj / size. */
function forwardStep(data: usize, rowBytes: usize, fftSize: i32, size: i32, twiddles: usize): void {
  const half = rowBytes >> 1
  const quarter = <usize>(size >> 2) * rowBytes
  const end = data + <usize>fftSize * rowBytes
  for (let j = data, jEnd = data + quarter; j < jEnd; j += rowBytes, twiddles += 24) {
    const c1 = v128.load32_splat(twiddles)
    const s1 = v128.load32_splat(twiddles, 4)
    const c2 = v128.load32_splat(twiddles, 8)
    const s2 = v128.load32_splat(twiddles, 12)
    const c3 = v128.load32_splat(twiddles, 16)
    const s3 = v128.load32_splat(twiddles, 20)
    for (let block = j; block < end; block += quarter << 2) {
      // wide: 16
      for (let p0 = block, pEnd = block + half; p0 < pEnd; p0 += 16) {
        const p1 = p0 + quarter
        const p2 = p1 + quarter
        const p3 = p2 + quarter
        const ar = v128.load(p0)
        const ai = v128.load(p0 + half)
        const br = v128.load(p1)
        const bi = v128.load(p1 + half)
        const cr = v128.load(p2)
        const ci = v128.load(p2 + half)
        const dr = v128.load(p3)
        const di = v128.load(p3 + half)
        const t0r = v128.add<f32>(ar, cr)
        const t0i = v128.add<f32>(ai, ci)
        const t2r = v128.add<f32>(br, dr)
        const t2i = v128.add<f32>(bi, di)
        v128.store(p0, v128.add<f32>(t0r, t2r))
        v128.store(p0 + half, v128.add<f32>(t0i, t2i))
        const y2r = v128.sub<f32>(t0r, t2r)
        const y2i = v128.sub<f32>(t0i, t2i)
        v128.store(p2, madd(y2i, s2, v128.mul<f32>(y2r, c2)))
        v128.store(p2 + half, nmadd(y2r, s2, v128.mul<f32>(y2i, c2)))
        const t1r = v128.sub<f32>(ar, cr)
        const t1i = v128.sub<f32>(ai, ci)
        const t3r = v128.sub<f32>(br, dr)
        const t3i = v128.sub<f32>(bi, di)
        const y1r = v128.add<f32>(t1r, t3i)
        const y1i = v128.sub<f32>(t1i, t3r)
        v128.store(p1, madd(y1i, s1, v128.mul<f32>(y1r, c1)))
        v128.store(p1 + half, nmadd(y1r, s1, v128.mul<f32>(y1i, c1)))
        const y3r = v128.sub<f32>(t1r, t3i)
        const y3i = v128.add<f32>(t1i, t3r)
        v128.store(p3, madd(y3i, s3, v128.mul<f32>(y3r, c3)))
        v128.store(p3 + half, nmadd(y3r, s3, v128.mul<f32>(y3i, c3)))
      }
    }
  }
}

/** The backward mirror of `forwardStep`, with the same twiddles; four times its inverse. */
function backwardStep(data: usize, rowBytes: usize, fftSize: i32, size: i32, twiddles: usize): void {
  const half = rowBytes >> 1
  const quarter = <usize>(size >> 2) * rowBytes
  const end = data + <usize>fftSize * rowBytes
  for (let j = data, jEnd = data + quarter; j < jEnd; j += rowBytes, twiddles += 24) {
    const c1 = v128.load32_splat(twiddles)
    const s1 = v128.load32_splat(twiddles, 4)
    const c2 = v128.load32_splat(twiddles, 8)
    const s2 = v128.load32_splat(twiddles, 12)
    const c3 = v128.load32_splat(twiddles, 16)
    const s3 = v128.load32_splat(twiddles, 20)
    for (let block = j; block < end; block += quarter << 2) {
      // wide: 16
      for (let p0 = block, pEnd = block + half; p0 < pEnd; p0 += 16) {
        const p1 = p0 + quarter
        const p2 = p1 + quarter
        const p3 = p2 + quarter
        let xr = v128.load(p2)
        let xi = v128.load(p2 + half)
        const cr = nmadd(xi, s2, v128.mul<f32>(xr, c2))
        const ci = madd(xr, s2, v128.mul<f32>(xi, c2))
        const ar = v128.load(p0)
        const ai = v128.load(p0 + half)
        const t0r = v128.add<f32>(ar, cr)
        const t0i = v128.add<f32>(ai, ci)
        const t1r = v128.sub<f32>(ar, cr)
        const t1i = v128.sub<f32>(ai, ci)
        xr = v128.load(p1)
        xi = v128.load(p1 + half)
        const br = nmadd(xi, s1, v128.mul<f32>(xr, c1))
        const bi = madd(xr, s1, v128.mul<f32>(xi, c1))
        xr = v128.load(p3)
        xi = v128.load(p3 + half)
        const dr = nmadd(xi, s3, v128.mul<f32>(xr, c3))
        const di = madd(xr, s3, v128.mul<f32>(xi, c3))
        const t2r = v128.add<f32>(br, dr)
        const t2i = v128.add<f32>(bi, di)
        const t3r = v128.sub<f32>(br, dr)
        const t3i = v128.sub<f32>(bi, di)
        v128.store(p0, v128.add<f32>(t0r, t2r))
        v128.store(p0 + half, v128.add<f32>(t0i, t2i))
        v128.store(p2, v128.sub<f32>(t0r, t2r))
        v128.store(p2 + half, v128.sub<f32>(t0i, t2i))
        v128.store(p1, v128.sub<f32>(t1r, t3i))
        v128.store(p1 + half, v128.add<f32>(t1i, t3r))
        v128.store(p3, v128.add<f32>(t1r, t3i))
        v128.store(p3 + half, v128.sub<f32>(t1i, t3r))
      }
    }
  }
}
