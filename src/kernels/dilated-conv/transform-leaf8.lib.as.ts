/**
 * Addresses stand in variables of their own for the wide build, whose two halves must have the same.
 * The last forward step where fftSize is not a power of four: radix 8 without twiddles. u and v are the radix-4 transforms
 * of the even and the odd rows; frequencies k and k + 4 are u + w and u - w, w = v times 1, (1 - i)/√2, -i, (-1 - i)/√2.
 */
export function forwardLeaf8(data: usize, rowBytes: usize, fftSize: i32, spectra: usize, places: usize): void {
  const half = rowBytes >> 1
  const root = f32x4.splat(0.7071067811865476)
  for (const end = places + (<usize>fftSize << 3); places < end; places += 64, data += rowBytes << 3) {
    // wide: 16
    for (let v: usize = 0; v < half; v += 16) {
      const p0 = data + v
      const p4 = p0 + (rowBytes << 2)
      const to = spectra + v
      let q: usize
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
      q = to + load<u32>(places)
      v128.store(q, v128.add<f32>(u0r, wr))
      q = to + load<u32>(places, 4)
      v128.store(q, v128.add<f32>(u0i, wi))
      q = to + load<u32>(places, 32)
      v128.store(q, v128.sub<f32>(u0r, wr))
      q = to + load<u32>(places, 36)
      v128.store(q, v128.sub<f32>(u0i, wi))
      wr = v128.sub<f32>(t0i, t2i) // times -i
      wi = v128.sub<f32>(t2r, t0r)
      q = to + load<u32>(places, 16)
      v128.store(q, v128.add<f32>(u2r, wr))
      q = to + load<u32>(places, 20)
      v128.store(q, v128.add<f32>(u2i, wi))
      q = to + load<u32>(places, 48)
      v128.store(q, v128.sub<f32>(u2r, wr))
      q = to + load<u32>(places, 52)
      v128.store(q, v128.sub<f32>(u2i, wi))
      t1r = v128.sub<f32>(ar, cr)
      t1i = v128.sub<f32>(ai, ci)
      t3r = v128.sub<f32>(br, dr)
      t3i = v128.sub<f32>(bi, di)
      const v1r = v128.add<f32>(t1r, t3i)
      const v1i = v128.sub<f32>(t1i, t3r)
      wr = v128.mul<f32>(root, v128.add<f32>(v1r, v1i))
      wi = v128.mul<f32>(root, v128.sub<f32>(v1i, v1r))
      q = to + load<u32>(places, 8)
      v128.store(q, v128.add<f32>(u1r, wr))
      q = to + load<u32>(places, 12)
      v128.store(q, v128.add<f32>(u1i, wi))
      q = to + load<u32>(places, 40)
      v128.store(q, v128.sub<f32>(u1r, wr))
      q = to + load<u32>(places, 44)
      v128.store(q, v128.sub<f32>(u1i, wi))
      const v3r = v128.sub<f32>(t1r, t3i)
      const v3i = v128.add<f32>(t1i, t3r)
      wr = v128.mul<f32>(root, v128.sub<f32>(v3i, v3r))
      wi = v128.neg<f32>(v128.mul<f32>(root, v128.add<f32>(v3r, v3i)))
      q = to + load<u32>(places, 24)
      v128.store(q, v128.add<f32>(u3r, wr))
      q = to + load<u32>(places, 28)
      v128.store(q, v128.add<f32>(u3i, wi))
      q = to + load<u32>(places, 56)
      v128.store(q, v128.sub<f32>(u3r, wr))
      q = to + load<u32>(places, 60)
      v128.store(q, v128.sub<f32>(u3i, wi))
    }
  }
}

/** The first backward step where fftSize is not a power of four; w = v times 1, (1 + i)/√2, i, (-1 + i)/√2. */
export function backwardLeaf8(data: usize, rowBytes: usize, fftSize: i32, spectra: usize, places: usize): void {
  const half = rowBytes >> 1
  const root = f32x4.splat(0.7071067811865476)
  for (const end = places + (<usize>fftSize << 3); places < end; places += 64, data += rowBytes << 3) {
    // wide: 16
    for (let v: usize = 0; v < half; v += 16) {
      const from = spectra + v
      let q: usize
      const p0 = data + v
      // frequencies 0, 2, 4, 6: u0..u3
      q = from + load<u32>(places)
      let ar = v128.load(q)
      q = from + load<u32>(places, 4)
      let ai = v128.load(q)
      q = from + load<u32>(places, 16)
      let br = v128.load(q)
      q = from + load<u32>(places, 20)
      let bi = v128.load(q)
      q = from + load<u32>(places, 32)
      let cr = v128.load(q)
      q = from + load<u32>(places, 36)
      let ci = v128.load(q)
      q = from + load<u32>(places, 48)
      let dr = v128.load(q)
      q = from + load<u32>(places, 52)
      let di = v128.load(q)
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
      q = from + load<u32>(places, 8)
      ar = v128.load(q)
      q = from + load<u32>(places, 12)
      ai = v128.load(q)
      q = from + load<u32>(places, 24)
      br = v128.load(q)
      q = from + load<u32>(places, 28)
      bi = v128.load(q)
      q = from + load<u32>(places, 40)
      cr = v128.load(q)
      q = from + load<u32>(places, 44)
      ci = v128.load(q)
      q = from + load<u32>(places, 56)
      dr = v128.load(q)
      q = from + load<u32>(places, 60)
      di = v128.load(q)
      t0r = v128.add<f32>(ar, cr)
      t0i = v128.add<f32>(ai, ci)
      t2r = v128.add<f32>(br, dr)
      t2i = v128.add<f32>(bi, di)
      let wr = v128.add<f32>(t0r, t2r)
      let wi = v128.add<f32>(t0i, t2i)
      q = p0
      v128.store(q, v128.add<f32>(u0r, wr))
      v128.store(q + half, v128.add<f32>(u0i, wi))
      q += rowBytes << 2
      v128.store(q, v128.sub<f32>(u0r, wr))
      v128.store(q + half, v128.sub<f32>(u0i, wi))
      wr = v128.sub<f32>(t2i, t0i) // times i
      wi = v128.sub<f32>(t0r, t2r)
      q = p0 + (rowBytes << 1)
      v128.store(q, v128.add<f32>(u2r, wr))
      v128.store(q + half, v128.add<f32>(u2i, wi))
      q += rowBytes << 2
      v128.store(q, v128.sub<f32>(u2r, wr))
      v128.store(q + half, v128.sub<f32>(u2i, wi))
      t1r = v128.sub<f32>(ar, cr)
      t1i = v128.sub<f32>(ai, ci)
      t3r = v128.sub<f32>(br, dr)
      t3i = v128.sub<f32>(bi, di)
      const v1r = v128.sub<f32>(t1r, t3i)
      const v1i = v128.add<f32>(t1i, t3r)
      wr = v128.mul<f32>(root, v128.sub<f32>(v1r, v1i))
      wi = v128.mul<f32>(root, v128.add<f32>(v1r, v1i))
      q = p0 + rowBytes
      v128.store(q, v128.add<f32>(u1r, wr))
      v128.store(q + half, v128.add<f32>(u1i, wi))
      q += rowBytes << 2
      v128.store(q, v128.sub<f32>(u1r, wr))
      v128.store(q + half, v128.sub<f32>(u1i, wi))
      const v3r = v128.add<f32>(t1r, t3i)
      const v3i = v128.sub<f32>(t1i, t3r)
      wr = v128.neg<f32>(v128.mul<f32>(root, v128.add<f32>(v3r, v3i)))
      wi = v128.mul<f32>(root, v128.sub<f32>(v3r, v3i))
      q = p0 + rowBytes * 3
      v128.store(q, v128.add<f32>(u3r, wr))
      v128.store(q + half, v128.add<f32>(u3i, wi))
      q += rowBytes << 2
      v128.store(q, v128.sub<f32>(u3r, wr))
      v128.store(q + half, v128.sub<f32>(u3i, wi))
    }
  }
}
