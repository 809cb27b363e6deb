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
    // wide: 16
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
    // wide: 16
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
