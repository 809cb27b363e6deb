import { madd, nmadd } from '../cpu/simd.lib.as'
import { add, GAP, mul, sub } from './fft.lib.as'

// Radices 3 and 5 of the tree in twiddles.ts, as fft.lib.as.ts has 2 and 4.

// cos and sin of 2 pi / 3 and of 2 pi / 5, 4 pi / 5
// @ts-ignore: decorator
@inline
const SIN_3: f32 = 0.86602540378443864676
// @ts-ignore: decorator
@inline
const COS_5: f32 = 0.30901699437494742410
// @ts-ignore: decorator
@inline
const SIN_5: f32 = 0.95105651629515357212
// @ts-ignore: decorator
@inline
const COS_5_2: f32 = -0.80901699437494742410
// @ts-ignore: decorator
@inline
const SIN_5_2: f32 = 0.58778525229247312917

/**
 * Radices 3 and 5 stand only in the outermost steps, where `real` would save little: callers give an imaginary plane.
 * A DFT of three points with e^{+2 pi i / 3}.
 */
// @ts-ignore: decorator
@inline
export function forward3(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4), w2r = v128.load_splat<f32>(tw, 8), w2i = v128.load_splat<f32>(tw, 12)
  const half = f32x4.splat(0.5), sine = f32x4.splat(SIN_3)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep
    const q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep
    const x1r = v128.load(p1), x1i = v128.load(p1, GAP), x2r = v128.load(p2), x2i = v128.load(p2, GAP)
    const b1r = nmadd(x1i, w1i, mul(x1r, w1r)), b1i = madd(x1i, w1r, mul(x1r, w1i))
    const b2r = nmadd(x2i, w2i, mul(x2r, w2r)), b2i = madd(x2i, w2r, mul(x2r, w2i))
    const b0r = v128.load(p0), b0i = v128.load(p0, GAP)
    const tr = add(b1r, b2r), ti = add(b1i, b2i)
    const ur = mul(sub(b1r, b2r), sine), ui = mul(sub(b1i, b2i), sine)
    const mr = nmadd(tr, half, b0r), mi = nmadd(ti, half, b0i)
    v128.store(q0, add(b0r, tr))
    v128.store(q0, add(b0i, ti), GAP)
    v128.store(q1, sub(mr, ui))
    v128.store(q1, add(mi, ur), GAP)
    v128.store(q2, add(mr, ui))
    v128.store(q2, sub(mi, ur), GAP)
  }
}

/** A DFT of three points with e^{-2 pi i / 3}, the forward one's with points 1 and 2 exchanged. */
// @ts-ignore: decorator
@inline
export function inverse3(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  const w1r = v128.load_splat<f32>(tw), w1i = v128.load_splat<f32>(tw, 4), w2r = v128.load_splat<f32>(tw, 8), w2i = v128.load_splat<f32>(tw, 12)
  const half = f32x4.splat(0.5), sine = f32x4.splat(SIN_3)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep
    const q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep
    const c0r = v128.load(p0), c0i = v128.load(p0, GAP), c1r = v128.load(p1), c1i = v128.load(p1, GAP), c2r = v128.load(p2), c2i = v128.load(p2, GAP)
    const tr = add(c1r, c2r), ti = add(c1i, c2i)
    const ur = mul(sub(c1r, c2r), sine), ui = mul(sub(c1i, c2i), sine)
    const mr = nmadd(tr, half, c0r), mi = nmadd(ti, half, c0i)
    const b1r = add(mr, ui), b1i = sub(mi, ur), b2r = sub(mr, ui), b2i = add(mi, ur)
    v128.store(q0, add(c0r, tr))
    v128.store(q0, add(c0i, ti), GAP)
    v128.store(q1, madd(b1i, w1i, mul(b1r, w1r)))
    v128.store(q1, nmadd(b1r, w1i, mul(b1i, w1r)), GAP)
    v128.store(q2, madd(b2i, w2i, mul(b2r, w2r)))
    v128.store(q2, nmadd(b2r, w2i, mul(b2i, w2r)), GAP)
  }
}

// @ts-ignore: decorator
@inline
export function forward5(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  const c1 = f32x4.splat(COS_5), s1 = f32x4.splat(SIN_5), c2 = f32x4.splat(COS_5_2), s2 = f32x4.splat(SIN_5_2)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep, p3 = p2 + sStep, p4 = p3 + sStep
    const q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep, q3 = q2 + dStep, q4 = q3 + dStep
    const x1r = v128.load(p1), x1i = v128.load(p1, GAP), x4r = v128.load(p4), x4i = v128.load(p4, GAP)
    let wr = v128.load_splat<f32>(tw), wi = v128.load_splat<f32>(tw, 4)
    const b1r = nmadd(x1i, wi, mul(x1r, wr)), b1i = madd(x1i, wr, mul(x1r, wi))
    wr = v128.load_splat<f32>(tw, 24)
    wi = v128.load_splat<f32>(tw, 28)
    const b4r = nmadd(x4i, wi, mul(x4r, wr)), b4i = madd(x4i, wr, mul(x4r, wi))
    const t1r = add(b1r, b4r), t1i = add(b1i, b4i), u1r = sub(b1r, b4r), u1i = sub(b1i, b4i)
    const x2r = v128.load(p2), x2i = v128.load(p2, GAP), x3r = v128.load(p3), x3i = v128.load(p3, GAP)
    wr = v128.load_splat<f32>(tw, 8)
    wi = v128.load_splat<f32>(tw, 12)
    const b2r = nmadd(x2i, wi, mul(x2r, wr)), b2i = madd(x2i, wr, mul(x2r, wi))
    wr = v128.load_splat<f32>(tw, 16)
    wi = v128.load_splat<f32>(tw, 20)
    const b3r = nmadd(x3i, wi, mul(x3r, wr)), b3i = madd(x3i, wr, mul(x3r, wi))
    const t2r = add(b2r, b3r), t2i = add(b2i, b3i), u2r = sub(b2r, b3r), u2i = sub(b2i, b3i)
    const b0r = v128.load(p0), b0i = v128.load(p0, GAP)
    v128.store(q0, add(b0r, add(t1r, t2r)))
    v128.store(q0, add(b0i, add(t1i, t2i)), GAP)
    const m1r = madd(t2r, c2, madd(t1r, c1, b0r)), m1i = madd(t2i, c2, madd(t1i, c1, b0i))
    const v1r = madd(u2r, s2, mul(u1r, s1)), v1i = madd(u2i, s2, mul(u1i, s1))
    v128.store(q1, sub(m1r, v1i))
    v128.store(q1, add(m1i, v1r), GAP)
    v128.store(q4, add(m1r, v1i))
    v128.store(q4, sub(m1i, v1r), GAP)
    const m2r = madd(t2r, c1, madd(t1r, c2, b0r)), m2i = madd(t2i, c1, madd(t1i, c2, b0i))
    const v2r = nmadd(u2r, s1, mul(u1r, s2)), v2i = nmadd(u2i, s1, mul(u1i, s2))
    v128.store(q2, sub(m2r, v2i))
    v128.store(q2, add(m2i, v2r), GAP)
    v128.store(q3, add(m2r, v2i))
    v128.store(q3, sub(m2i, v2r), GAP)
  }
}

// @ts-ignore: decorator
@inline
export function inverse5(s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  const c1 = f32x4.splat(COS_5), s1 = f32x4.splat(SIN_5), c2 = f32x4.splat(COS_5_2), s2 = f32x4.splat(SIN_5_2)
  // wide: 16
  for (let i: usize = 0; i < bytes; i += 16) {
    const p0 = s + i, p1 = p0 + sStep, p2 = p1 + sStep, p3 = p2 + sStep, p4 = p3 + sStep
    const q0 = d + i, q1 = q0 + dStep, q2 = q1 + dStep, q3 = q2 + dStep, q4 = q3 + dStep
    const x1r = v128.load(p1), x1i = v128.load(p1, GAP), x4r = v128.load(p4), x4i = v128.load(p4, GAP)
    const t1r = add(x1r, x4r), t1i = add(x1i, x4i), u1r = sub(x1r, x4r), u1i = sub(x1i, x4i)
    const x2r = v128.load(p2), x2i = v128.load(p2, GAP), x3r = v128.load(p3), x3i = v128.load(p3, GAP)
    const t2r = add(x2r, x3r), t2i = add(x2i, x3i), u2r = sub(x2r, x3r), u2i = sub(x2i, x3i)
    const b0r = v128.load(p0), b0i = v128.load(p0, GAP)
    v128.store(q0, add(b0r, add(t1r, t2r)))
    v128.store(q0, add(b0i, add(t1i, t2i)), GAP)
    const m1r = madd(t2r, c2, madd(t1r, c1, b0r)), m1i = madd(t2i, c2, madd(t1i, c1, b0i))
    const v1r = madd(u2r, s2, mul(u1r, s1)), v1i = madd(u2i, s2, mul(u1i, s1))
    const b1r = add(m1r, v1i), b1i = sub(m1i, v1r), b4r = sub(m1r, v1i), b4i = add(m1i, v1r)
    v128.store(q1, madd(b1i, v128.load_splat<f32>(tw, 4), mul(b1r, v128.load_splat<f32>(tw))))
    v128.store(q1, nmadd(b1r, v128.load_splat<f32>(tw, 4), mul(b1i, v128.load_splat<f32>(tw))), GAP)
    v128.store(q4, madd(b4i, v128.load_splat<f32>(tw, 28), mul(b4r, v128.load_splat<f32>(tw, 24))))
    v128.store(q4, nmadd(b4r, v128.load_splat<f32>(tw, 28), mul(b4i, v128.load_splat<f32>(tw, 24))), GAP)
    const m2r = madd(t2r, c1, madd(t1r, c2, b0r)), m2i = madd(t2i, c1, madd(t1i, c2, b0i))
    const v2r = nmadd(u2r, s1, mul(u1r, s2)), v2i = nmadd(u2i, s1, mul(u1i, s2))
    const b2r = add(m2r, v2i), b2i = sub(m2i, v2r), b3r = sub(m2r, v2i), b3i = add(m2i, v2r)
    v128.store(q2, madd(b2i, v128.load_splat<f32>(tw, 12), mul(b2r, v128.load_splat<f32>(tw, 8))))
    v128.store(q2, nmadd(b2r, v128.load_splat<f32>(tw, 12), mul(b2i, v128.load_splat<f32>(tw, 8))), GAP)
    v128.store(q3, madd(b3i, v128.load_splat<f32>(tw, 20), mul(b3r, v128.load_splat<f32>(tw, 16))))
    v128.store(q3, nmadd(b3r, v128.load_splat<f32>(tw, 20), mul(b3i, v128.load_splat<f32>(tw, 16))), GAP)
  }
}
