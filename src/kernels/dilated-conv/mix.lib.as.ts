import { madd } from '../cpu/simd.lib.as'
import { multiplyTile, tilePositions } from './multiply.lib.as'

/*
 * The mix of channels in the frequency domain: one complex matrix [outChannels, inChannels] a frequency, times the spectra
 * of all columns. Block b of the spectra holds two planes of `channelCount` rows, R then I. For 0 < b < fftSize / 2 row i
 * of R is [real parts at b | imaginary parts at fftSize - b], of I [imaginary at b | real at fftSize - b]: the filters are
 * real, so frequency fftSize - b needs the conjugate matrix, and with real and imaginary parts swapped that is the same
 * matrix again. Block 0 holds the two frequencies whose matrices are real: R is [real | imaginary] at 0, I at fftSize / 2.
 */

/**
 * Four output rows by tilePositions columns, as three real products instead of four (Gauss): with W = c + id and X = p + iq,
 * k = c (p + q), Re = k - q (c + d), Im = k + p (d - c). Weight planes: c, -(c + d), d - c; x planes: p + q, q, p.
 */
// @ts-ignore: decorator
@inline
// wide: 32
function mixTile(outR: usize, outI: usize, rowBytes: usize, x: usize, xPlane: usize, inChannels: i32, weights: usize, weightsPlane: usize): void {
  let a0 = f32x4.splat(0)
  let b0 = a0
  let a1 = a0
  let b1 = a0
  let a2 = a0
  let b2 = a0
  let a3 = a0
  let b3 = a0
  for (let part = 0; part < 3; part++) {
    let from = x
    for (let w = weights, end = weights + (<usize>inChannels << 4); w < end; w += 16, from += rowBytes) {
      const xa = v128.load(from)
      const xb = v128.load(from, 16)
      let s = v128.load32_splat(w)
      a0 = madd(s, xa, a0)
      b0 = madd(s, xb, b0)
      s = v128.load32_splat(w, 4)
      a1 = madd(s, xa, a1)
      b1 = madd(s, xb, b1)
      s = v128.load32_splat(w, 8)
      a2 = madd(s, xa, a2)
      b2 = madd(s, xb, b2)
      s = v128.load32_splat(w, 12)
      a3 = madd(s, xa, a3)
      b3 = madd(s, xb, b3)
    }
    // The first product goes to both parts; the second ends the real one, the third the imaginary one.
    const out = part == 1 ? outR : outI
    const out2 = out + (rowBytes << 1)
    v128.store(out, a0)
    v128.store(out, b0, 16)
    v128.store(out + rowBytes, a1)
    v128.store(out + rowBytes, b1, 16)
    v128.store(out2, a2)
    v128.store(out2, b2, 16)
    v128.store(out2 + rowBytes, a3)
    v128.store(out2 + rowBytes, b3, 16)
    if (part == 1) {
      const in2 = outI + (rowBytes << 1)
      a0 = v128.load(outI)
      b0 = v128.load(outI, 16)
      a1 = v128.load(outI + rowBytes)
      b1 = v128.load(outI + rowBytes, 16)
      a2 = v128.load(in2)
      b2 = v128.load(in2, 16)
      a3 = v128.load(in2 + rowBytes)
      b3 = v128.load(in2 + rowBytes, 16)
    }
    x += xPlane
    weights += weightsPlane
  }
}

/**
 * Multiplies every block in place and adds the bias, which is a frequency 0. `weights`: block 0 has two planes (frequency
 * 0, frequency fftSize / 2), the others three, each plane `[rowBlocks][inChannels][4]`; `bias` has 4 · rowBlocks floats;
 * `work` takes 3 · inChannels rows. Rows are multiples of tilePositions.
 */
export function mixSpectra(
  spectra: usize, blockCount: i32, plane: usize, rowBytes: usize, inChannels: i32, rowBlocks: i32, weights: usize, bias: usize, work: usize,
): void {
  const used = <usize>inChannels * rowBytes
  const rowBlockBytes = <usize>inChannels << 4
  const weightsPlane = <usize>rowBlocks * rowBlockBytes
  for (let part: usize = 0; part < 2; part++) {
    const real = spectra + part * plane
    memory.copy(work, real, used)
    for (let r: usize = 0; r < <usize>rowBlocks; r++) {
      const out = real + 4 * r * rowBytes
      for (let row: usize = 0; row < 4; row++) fill(out + row * rowBytes, rowBytes, part == 0 ? load<f32>(bias + (4 * r + row) * 4) : 0)
      for (let v: usize = 0; v < rowBytes; v += tilePositions << 2) {
        multiplyTile(out + v, rowBytes, work + v, weights + r * rowBlockBytes, inChannels, rowBytes, 1, 0)
      }
    }
    weights += weightsPlane
  }
  for (let b = 1; b < blockCount; b++) {
    const outR = spectra + <usize>b * 2 * plane
    const outI = outR + plane
    // wide: 16
    for (let v: usize = 0; v < used; v += 16) {
      const re = v128.load(outR + v)
      const im = v128.load(outI + v)
      const to = work + v
      v128.store(to, v128.add<f32>(re, im))
      v128.store(to + used, im)
      v128.store(to + 2 * used, re)
    }
    for (let r: usize = 0; r < <usize>rowBlocks; r++) {
      const offset = 4 * r * rowBytes
      for (let v: usize = 0; v < rowBytes; v += tilePositions << 2) {
        mixTile(outR + offset + v, outI + offset + v, rowBytes, work + v, used, inChannels, weights + r * rowBlockBytes, weightsPlane)
      }
    }
    weights += 3 * weightsPlane
  }
}

// @ts-ignore: decorator
@inline
function fill(row: usize, bytes: usize, value: f32): void {
  const v = f32x4.splat(value)
  for (const end = row + bytes; row < end; row += 16) v128.store(row, v)
}
