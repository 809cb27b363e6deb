import { madd, nmadd } from '../cpu/simd.lib.as'

/*
 * Complex Fourier transforms of many columns at once, a column a vector lane, so that nothing is ever shuffled. Data are
 * rows of `rowBytes`: row n holds sample n of every column, real parts in its first half, imaginary parts in its second.
 * Forward is radix 4 with decimation in frequency, backward its mirror image; the order of the frequencies in between is
 * the digit-reversed one, which costs nothing: the last forward step puts each frequency where `places` says (byte
 * offsets of its real and its imaginary part), and the first backward step takes it from there.
 */

/** Every butterfly of one radix-4 step over blocks of `size` rows; twiddles `[size / 4][cos, sin of θ, 2θ, 3θ]`, θ = 2πj / size. */
export function forwardStep(data: usize, rowBytes: usize, fftSize: i32, size: i32, twiddles: usize): void {
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
export function backwardStep(data: usize, rowBytes: usize, fftSize: i32, size: i32, twiddles: usize): void {
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

/** The last forward step, radix 4 without twiddles, from rows to `spectra + places`. */
export function forwardLeaf4(data: usize, rowBytes: usize, fftSize: i32, spectra: usize, places: usize): void {
  const half = rowBytes >> 1
  for (const end = places + (<usize>fftSize << 3); places < end; places += 32, data += rowBytes << 2) {
    const y0r = spectra + load<u32>(places)
    const y0i = spectra + load<u32>(places, 4)
    const y1r = spectra + load<u32>(places, 8)
    const y1i = spectra + load<u32>(places, 12)
    const y2r = spectra + load<u32>(places, 16)
    const y2i = spectra + load<u32>(places, 20)
    const y3r = spectra + load<u32>(places, 24)
    const y3i = spectra + load<u32>(places, 28)
    for (let v: usize = 0; v < half; v += 16) {
      const p0 = data + v
      const p1 = p0 + rowBytes
      const p2 = p1 + rowBytes
      const p3 = p2 + rowBytes
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
      v128.store(y0r + v, v128.add<f32>(t0r, t2r))
      v128.store(y0i + v, v128.add<f32>(t0i, t2i))
      v128.store(y2r + v, v128.sub<f32>(t0r, t2r))
      v128.store(y2i + v, v128.sub<f32>(t0i, t2i))
      const t1r = v128.sub<f32>(ar, cr)
      const t1i = v128.sub<f32>(ai, ci)
      const t3r = v128.sub<f32>(br, dr)
      const t3i = v128.sub<f32>(bi, di)
      v128.store(y1r + v, v128.add<f32>(t1r, t3i))
      v128.store(y1i + v, v128.sub<f32>(t1i, t3r))
      v128.store(y3r + v, v128.sub<f32>(t1r, t3i))
      v128.store(y3i + v, v128.add<f32>(t1i, t3r))
    }
  }
}

/** The first backward step, from `spectra + places` to rows. */
export function backwardLeaf4(data: usize, rowBytes: usize, fftSize: i32, spectra: usize, places: usize): void {
  const half = rowBytes >> 1
  for (const end = places + (<usize>fftSize << 3); places < end; places += 32, data += rowBytes << 2) {
    const x0r = spectra + load<u32>(places)
    const x0i = spectra + load<u32>(places, 4)
    const x1r = spectra + load<u32>(places, 8)
    const x1i = spectra + load<u32>(places, 12)
    const x2r = spectra + load<u32>(places, 16)
    const x2i = spectra + load<u32>(places, 20)
    const x3r = spectra + load<u32>(places, 24)
    const x3i = spectra + load<u32>(places, 28)
    for (let v: usize = 0; v < half; v += 16) {
      const p0 = data + v
      const p1 = p0 + rowBytes
      const p2 = p1 + rowBytes
      const p3 = p2 + rowBytes
      const ar = v128.load(x0r + v)
      const ai = v128.load(x0i + v)
      const br = v128.load(x1r + v)
      const bi = v128.load(x1i + v)
      const cr = v128.load(x2r + v)
      const ci = v128.load(x2i + v)
      const dr = v128.load(x3r + v)
      const di = v128.load(x3i + v)
      const t0r = v128.add<f32>(ar, cr)
      const t0i = v128.add<f32>(ai, ci)
      const t2r = v128.add<f32>(br, dr)
      const t2i = v128.add<f32>(bi, di)
      v128.store(p0, v128.add<f32>(t0r, t2r))
      v128.store(p0 + half, v128.add<f32>(t0i, t2i))
      v128.store(p2, v128.sub<f32>(t0r, t2r))
      v128.store(p2 + half, v128.sub<f32>(t0i, t2i))
      const t1r = v128.sub<f32>(ar, cr)
      const t1i = v128.sub<f32>(ai, ci)
      const t3r = v128.sub<f32>(br, dr)
      const t3i = v128.sub<f32>(bi, di)
      v128.store(p1, v128.sub<f32>(t1r, t3i))
      v128.store(p1 + half, v128.add<f32>(t1i, t3r))
      v128.store(p3, v128.add<f32>(t1r, t3i))
      v128.store(p3 + half, v128.sub<f32>(t1i, t3r))
    }
  }
}
