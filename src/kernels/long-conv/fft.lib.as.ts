import { madd, nmadd } from '../cpu/simd.lib.as'

// Butterflies of the transform in twiddles.ts. Complex values stand in two planes, real parts and imaginary parts.
// A node X^m - e^{i theta} with m = radix * stride splits into `radix` nodes of `stride` points: input k is multiplied by
// r^k, r = e^{i theta / radix} (one value for the whole node, so that twiddles are splats and not streams), then comes a DFT
// of `radix` points. The inverse undoes it, times `radix`. `s`, `d`: where input and result 0 begin; `sStep`, `dStep`: from
// one of the `radix` to the next; `bytes`: how many consecutive points; `tw`: r, r^2, ..

/**
 * Bytes from a real part to its imaginary part. A constant, so that it is part of the load and not an addition beside it:
 * the planes of the largest transform (2^24 points and the padding of its rows) fit between, and the pages that no
 * transform touches cost address space only. Odd in cache lines, so that the two parts do not share a cache set.
 */
// @ts-ignore: decorator
@inline
export const GAP: usize = (1 << 26) + (1 << 20) + 2112

// @ts-ignore: decorator
@inline
export function add(a: v128, b: v128): v128 { return v128.add<f32>(a, b) }
// @ts-ignore: decorator
@inline
export function sub(a: v128, b: v128): v128 { return v128.sub<f32>(a, b) }
// @ts-ignore: decorator
@inline
export function mul(a: v128, b: v128): v128 { return v128.mul<f32>(a, b) }

/** Radix 2, `bytes` of consecutive points; `real`: the inputs' imaginary parts are zero and not read. */
// @ts-ignore: decorator
@inline
export function forward2(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize, real: bool): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p = s + i, q = d + i
    const x1r = v128.load(p + sStep)
    let b1r = mul(x1r, w1r), b1i = mul(x1r, w1i)
    const b0r = v128.load(p)
    if (real) {
      v128.store(q, b1i, GAP)
      v128.store(q + dStep, v128.neg<f32>(b1i), GAP)
    } else {
      const x1i = v128.load(p + sStep, GAP)
      b1r = nmadd(x1i, w1i, b1r)
      b1i = madd(x1i, w1r, b1i)
      const b0i = v128.load(p, GAP)
      v128.store(q, add(b0i, b1i), GAP)
      v128.store(q + dStep, sub(b0i, b1i), GAP)
    }
    v128.store(q, add(b0r, b1r))
    v128.store(q + dStep, sub(b0r, b1r))
  }
}

/** `real`: only the results' real parts are wanted; imaginary parts are not written. */
// @ts-ignore: decorator
@inline
export function inverse2(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize, real: bool): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p = s + i, q = d + i
    const c0r = v128.load(p), c0i = v128.load(p, GAP), c1r = v128.load(p + sStep), c1i = v128.load(p + sStep, GAP)
    const b1r = sub(c0r, c1r), b1i = sub(c0i, c1i)
    v128.store(q, add(c0r, c1r))
    v128.store(q + dStep, madd(b1i, w1i, mul(b1r, w1r)))
    if (!real) {
      v128.store(q, add(c0i, c1i), GAP)
      v128.store(q + dStep, nmadd(b1r, w1i, mul(b1i, w1r)), GAP)
    }
  }
}

// @ts-ignore: decorator
@inline
export function forward4(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize, real: bool): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4), w2r = v128.load_splat<f32>(tw, 8)
  const w2i = v128.load_splat<f32>(tw, 12), w3r = v128.load_splat<f32>(tw, 16), w3i = v128.load_splat<f32>(tw, 20)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep, p3 = p2 + sStep
    const q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep, q3 = q2 + dStep
    const x1r = v128.load(p1), x2r = v128.load(p2), x3r = v128.load(p3)
    let b1r = mul(x1r, w1r), b1i = mul(x1r, w1i)
    let b2r = mul(x2r, w2r), b2i = mul(x2r, w2i)
    let b3r = mul(x3r, w3r), b3i = mul(x3r, w3i)
    const b0r = v128.load(p0)
    let s0i = b2i, d0i = v128.neg<f32>(b2i)
    if (!real) {
      const x1i = v128.load(p1, GAP), x2i = v128.load(p2, GAP), x3i = v128.load(p3, GAP)
      b1r = nmadd(x1i, w1i, b1r)
      b1i = madd(x1i, w1r, b1i)
      b2r = nmadd(x2i, w2i, b2r)
      b2i = madd(x2i, w2r, b2i)
      b3r = nmadd(x3i, w3i, b3r)
      b3i = madd(x3i, w3r, b3i)
      const b0i = v128.load(p0, GAP)
      s0i = add(b0i, b2i)
      d0i = sub(b0i, b2i)
    }
    const s0r = add(b0r, b2r), d0r = sub(b0r, b2r)
    const s1r = add(b1r, b3r), s1i = add(b1i, b3i), d1r = sub(b1r, b3r), d1i = sub(b1i, b3i)
    v128.store(q0, add(s0r, s1r))
    v128.store(q0, add(s0i, s1i), GAP)
    v128.store(q1, sub(d0r, d1i))
    v128.store(q1, add(d0i, d1r), GAP)
    v128.store(q2, sub(s0r, s1r))
    v128.store(q2, sub(s0i, s1i), GAP)
    v128.store(q3, add(d0r, d1i))
    v128.store(q3, sub(d0i, d1r), GAP)
  }
}

// @ts-ignore: decorator
@inline
export function inverse4(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize, real: bool): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4), w2r = v128.load_splat<f32>(tw, 8)
  const w2i = v128.load_splat<f32>(tw, 12), w3r = v128.load_splat<f32>(tw, 16), w3i = v128.load_splat<f32>(tw, 20)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep, p3 = p2 + sStep
    const q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep, q3 = q2 + dStep
    const c0r = v128.load(p0), c0i = v128.load(p0, GAP), c2r = v128.load(p2), c2i = v128.load(p2, GAP)
    const s0r = add(c0r, c2r), s0i = add(c0i, c2i), s1r = sub(c0r, c2r), s1i = sub(c0i, c2i)
    const c1r = v128.load(p1), c1i = v128.load(p1, GAP), c3r = v128.load(p3), c3i = v128.load(p3, GAP)
    const d0r = add(c1r, c3r), d0i = add(c1i, c3i), d1r = sub(c1i, c3i), d1i = sub(c3r, c1r)
    const b1r = add(s1r, d1r), b1i = add(s1i, d1i), b2r = sub(s0r, d0r), b2i = sub(s0i, d0i), b3r = sub(s1r, d1r), b3i = sub(s1i, d1i)
    v128.store(q0, add(s0r, d0r))
    v128.store(q1, madd(b1i, w1i, mul(b1r, w1r)))
    v128.store(q2, madd(b2i, w2i, mul(b2r, w2r)))
    v128.store(q3, madd(b3i, w3i, mul(b3r, w3r)))
    if (!real) {
      v128.store(q0, add(s0i, d0i), GAP)
      v128.store(q1, nmadd(b1r, w1i, mul(b1i, w1r)), GAP)
      v128.store(q2, nmadd(b2r, w2i, mul(b2i, w2r)), GAP)
      v128.store(q3, nmadd(b3r, w3i, mul(b3i, w3r)), GAP)
    }
  }
}

/** forward4 where only the first `kept` (1 to 3) of the four children are wanted. */
export function forwardSome4(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize, kept: i32): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4), w2r = v128.load_splat<f32>(tw, 8), w2i = v128.load_splat<f32>(tw, 12)
  const w3r = v128.load_splat<f32>(tw, 16), w3i = v128.load_splat<f32>(tw, 20)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep, p3 = p2 + sStep, q = d + i
    const x1r = v128.load(p1), x1i = v128.load(p1, GAP), x2r = v128.load(p2), x2i = v128.load(p2, GAP), x3r = v128.load(p3), x3i = v128.load(p3, GAP)
    const b1r = nmadd(x1i, w1i, mul(x1r, w1r)), b1i = madd(x1i, w1r, mul(x1r, w1i))
    const b2r = nmadd(x2i, w2i, mul(x2r, w2r)), b2i = madd(x2i, w2r, mul(x2r, w2i))
    const b3r = nmadd(x3i, w3i, mul(x3r, w3r)), b3i = madd(x3i, w3r, mul(x3r, w3i))
    const b0r = v128.load(p0), b0i = v128.load(p0, GAP)
    const s0r = add(b0r, b2r), s0i = add(b0i, b2i), s1r = add(b1r, b3r), s1i = add(b1i, b3i)
    v128.store(q, add(s0r, s1r))
    v128.store(q, add(s0i, s1i), GAP)
    if (kept == 1) continue
    v128.store(q + dStep, sub(sub(b0r, b2r), sub(b1i, b3i)))
    v128.store(q + dStep, add(sub(b0i, b2i), sub(b1r, b3r)), GAP)
    if (kept == 2) continue
    v128.store(q + 2 * dStep, sub(s0r, s1r))
    v128.store(q + 2 * dStep, sub(s0i, s1i), GAP)
  }
}

/** inverse4 where only the first `kept` (0 to 3) of the four children are there; the others count as zero and are not read. */
export function inverseSome4(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize, kept: i32): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4), w2r = v128.load_splat<f32>(tw, 8), w2i = v128.load_splat<f32>(tw, 12)
  const w3r = v128.load_splat<f32>(tw, 16), w3i = v128.load_splat<f32>(tw, 20)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p = s + i, q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep, q3 = q2 + dStep
    let c0r = f32x4.splat(0), c0i = f32x4.splat(0), c1r = f32x4.splat(0), c1i = f32x4.splat(0), c2r = f32x4.splat(0), c2i = f32x4.splat(0)
    if (kept > 0) {
      c0r = v128.load(p)
      c0i = v128.load(p, GAP)
    }
    if (kept > 1) {
      c1r = v128.load(p + sStep)
      c1i = v128.load(p + sStep, GAP)
    }
    if (kept > 2) {
      c2r = v128.load(p + 2 * sStep)
      c2i = v128.load(p + 2 * sStep, GAP)
    }
    const s0r = add(c0r, c2r), s0i = add(c0i, c2i), s1r = sub(c0r, c2r), s1i = sub(c0i, c2i)
    const b1r = add(s1r, c1i), b1i = sub(s1i, c1r), b2r = sub(s0r, c1r), b2i = sub(s0i, c1i), b3r = sub(s1r, c1i), b3i = add(s1i, c1r)
    v128.store(q0, add(s0r, c1r))
    v128.store(q0, add(s0i, c1i), GAP)
    v128.store(q1, madd(b1i, w1i, mul(b1r, w1r)))
    v128.store(q1, nmadd(b1r, w1i, mul(b1i, w1r)), GAP)
    v128.store(q2, madd(b2i, w2i, mul(b2r, w2r)))
    v128.store(q2, nmadd(b2r, w2i, mul(b2i, w2r)), GAP)
    v128.store(q3, madd(b3i, w3i, mul(b3r, w3r)))
    v128.store(q3, nmadd(b3r, w3i, mul(b3i, w3r)), GAP)
  }
}
