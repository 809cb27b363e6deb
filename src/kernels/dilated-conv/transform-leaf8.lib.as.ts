/**
 * The last forward step where fftSize is not a power of four: radix 8 without twiddles. u and v are the radix-4 transforms
 * of the even and the odd rows; frequencies k and k + 4 are u + w and u - w, w = v times 1, (1 - i)/√2, -i, (-1 - i)/√2.
 */
export function forwardLeaf8(data: usize, rowBytes: usize, fftSize: i32, spectra: usize, places: usize): void {
  const half = rowBytes >> 1
  const root = f32x4.splat(0.7071067811865476)
  for (const end = places + (<usize>fftSize << 3); places < end; places += 64, data += rowBytes << 3) {
    for (let v: usize = 0; v < half; v += 16) {
      const p0 = data + v
      const p4 = p0 + (rowBytes << 2)
      const to = spectra + v
      // even rows: u0..u3
      let ar = v128.load(p0)
      let ai = v128.load(p0 + half)
      let cr = v128.load(p4)
      let ci = v128.load(p4 + half)
      let p = p0 + (rowBytes << 1)
      let br = v128.load(p)
      let bi = v128.load(p + half)
      p = p4 + (rowBytes << 1)
      let dr = v128.load(p)
      let di = v128.load(p + half)
      let t0r = v128.add<f32>(ar, cr)
      let t0i = v128.add<f32>(ai, ci)
      let t1r = v128.sub<f32>(ar, cr)
      let t1i = v128.sub<f32>(ai, ci)
      let t2r = v128.add<f32>(br, dr)
      let t2i = v128.add<f32>(bi, di)
      let t3r = v128.sub<f32>(br, dr)
      let t3i = v128.sub<f32>(bi, di)
      const u0r = v128.add<f32>(t0r, t2r)
      const u0i = v128.add<f32>(t0i, t2i)
      const u2r = v128.sub<f32>(t0r, t2r)
      const u2i = v128.sub<f32>(t0i, t2i)
      const u1r = v128.add<f32>(t1r, t3i)
      const u1i = v128.sub<f32>(t1i, t3r)
      const u3r = v128.sub<f32>(t1r, t3i)
      const u3i = v128.add<f32>(t1i, t3r)
      // odd rows: v0..v3
      p = p0 + rowBytes
      ar = v128.load(p)
      ai = v128.load(p + half)
      p = p4 + rowBytes
      cr = v128.load(p)
      ci = v128.load(p + half)
      p = p0 + rowBytes * 3
      br = v128.load(p)
      bi = v128.load(p + half)
      p = p4 + rowBytes * 3
      dr = v128.load(p)
      di = v128.load(p + half)
      t0r = v128.add<f32>(ar, cr)
      t0i = v128.add<f32>(ai, ci)
      t2r = v128.add<f32>(br, dr)
      t2i = v128.add<f32>(bi, di)
      let wr = v128.add<f32>(t0r, t2r)
      let wi = v128.add<f32>(t0i, t2i)
      storePair(to, places, 0, u0r, u0i, wr, wi)
      wr = v128.sub<f32>(t0i, t2i) // times -i
      wi = v128.sub<f32>(t2r, t0r)
      storePair(to, places, 16, u2r, u2i, wr, wi)
      t1r = v128.sub<f32>(ar, cr)
      t1i = v128.sub<f32>(ai, ci)
      t3r = v128.sub<f32>(br, dr)
      t3i = v128.sub<f32>(bi, di)
      const v1r = v128.add<f32>(t1r, t3i)
      const v1i = v128.sub<f32>(t1i, t3r)
      wr = v128.mul<f32>(root, v128.add<f32>(v1r, v1i))
      wi = v128.mul<f32>(root, v128.sub<f32>(v1i, v1r))
      storePair(to, places, 8, u1r, u1i, wr, wi)
      const v3r = v128.sub<f32>(t1r, t3i)
      const v3i = v128.add<f32>(t1i, t3r)
      wr = v128.mul<f32>(root, v128.sub<f32>(v3i, v3r))
      wi = v128.neg<f32>(v128.mul<f32>(root, v128.add<f32>(v3r, v3i)))
      storePair(to, places, 24, u3r, u3i, wr, wi)
    }
  }
}

/** Rows k and k + 4 of a radix-8 leaf: u + w and u - w. */
// @ts-ignore: decorator
@inline
function storePair(to: usize, places: usize, k: usize, ur: v128, ui: v128, wr: v128, wi: v128): void {
  v128.store(to + load<u32>(places + k), v128.add<f32>(ur, wr))
  v128.store(to + load<u32>(places + k, 4), v128.add<f32>(ui, wi))
  v128.store(to + load<u32>(places + k, 32), v128.sub<f32>(ur, wr))
  v128.store(to + load<u32>(places + k, 36), v128.sub<f32>(ui, wi))
}

/** The first backward step where fftSize is not a power of four; w = v times 1, (1 + i)/√2, i, (-1 + i)/√2. */
export function backwardLeaf8(data: usize, rowBytes: usize, fftSize: i32, spectra: usize, places: usize): void {
  const half = rowBytes >> 1
  const root = f32x4.splat(0.7071067811865476)
  for (const end = places + (<usize>fftSize << 3); places < end; places += 64, data += rowBytes << 3) {
    for (let v: usize = 0; v < half; v += 16) {
      const from = spectra + v
      const p0 = data + v
      // frequencies 0, 2, 4, 6: u0..u3
      let ar = v128.load(from + load<u32>(places))
      let ai = v128.load(from + load<u32>(places, 4))
      let br = v128.load(from + load<u32>(places, 16))
      let bi = v128.load(from + load<u32>(places, 20))
      let cr = v128.load(from + load<u32>(places, 32))
      let ci = v128.load(from + load<u32>(places, 36))
      let dr = v128.load(from + load<u32>(places, 48))
      let di = v128.load(from + load<u32>(places, 52))
      let t0r = v128.add<f32>(ar, cr)
      let t0i = v128.add<f32>(ai, ci)
      let t1r = v128.sub<f32>(ar, cr)
      let t1i = v128.sub<f32>(ai, ci)
      let t2r = v128.add<f32>(br, dr)
      let t2i = v128.add<f32>(bi, di)
      let t3r = v128.sub<f32>(br, dr)
      let t3i = v128.sub<f32>(bi, di)
      const u0r = v128.add<f32>(t0r, t2r)
      const u0i = v128.add<f32>(t0i, t2i)
      const u2r = v128.sub<f32>(t0r, t2r)
      const u2i = v128.sub<f32>(t0i, t2i)
      const u1r = v128.sub<f32>(t1r, t3i)
      const u1i = v128.add<f32>(t1i, t3r)
      const u3r = v128.add<f32>(t1r, t3i)
      const u3i = v128.sub<f32>(t1i, t3r)
      // frequencies 1, 3, 5, 7: v0..v3
      ar = v128.load(from + load<u32>(places, 8))
      ai = v128.load(from + load<u32>(places, 12))
      br = v128.load(from + load<u32>(places, 24))
      bi = v128.load(from + load<u32>(places, 28))
      cr = v128.load(from + load<u32>(places, 40))
      ci = v128.load(from + load<u32>(places, 44))
      dr = v128.load(from + load<u32>(places, 56))
      di = v128.load(from + load<u32>(places, 60))
      t0r = v128.add<f32>(ar, cr)
      t0i = v128.add<f32>(ai, ci)
      t2r = v128.add<f32>(br, dr)
      t2i = v128.add<f32>(bi, di)
      let wr = v128.add<f32>(t0r, t2r)
      let wi = v128.add<f32>(t0i, t2i)
      storeRows(p0, rowBytes, half, u0r, u0i, wr, wi)
      wr = v128.sub<f32>(t2i, t0i) // times i
      wi = v128.sub<f32>(t0r, t2r)
      storeRows(p0 + (rowBytes << 1), rowBytes, half, u2r, u2i, wr, wi)
      t1r = v128.sub<f32>(ar, cr)
      t1i = v128.sub<f32>(ai, ci)
      t3r = v128.sub<f32>(br, dr)
      t3i = v128.sub<f32>(bi, di)
      const v1r = v128.sub<f32>(t1r, t3i)
      const v1i = v128.add<f32>(t1i, t3r)
      wr = v128.mul<f32>(root, v128.sub<f32>(v1r, v1i))
      wi = v128.mul<f32>(root, v128.add<f32>(v1r, v1i))
      storeRows(p0 + rowBytes, rowBytes, half, u1r, u1i, wr, wi)
      const v3r = v128.add<f32>(t1r, t3i)
      const v3i = v128.sub<f32>(t1i, t3r)
      wr = v128.neg<f32>(v128.mul<f32>(root, v128.add<f32>(v3r, v3i)))
      wi = v128.mul<f32>(root, v128.sub<f32>(v3r, v3i))
      storeRows(p0 + rowBytes * 3, rowBytes, half, u3r, u3i, wr, wi)
    }
  }
}

// @ts-ignore: decorator
@inline
function storeRows(p: usize, rowBytes: usize, half: usize, ur: v128, ui: v128, wr: v128, wi: v128): void {
  const p4 = p + (rowBytes << 2)
  v128.store(p, v128.add<f32>(ur, wr))
  v128.store(p + half, v128.add<f32>(ui, wi))
  v128.store(p4, v128.sub<f32>(ur, wr))
  v128.store(p4 + half, v128.sub<f32>(ui, wi))
}
