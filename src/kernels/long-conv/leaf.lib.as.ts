import { madd, nmadd } from '../cpu/simd.lib.as'
import { add, GAP, mul, sub } from './fft.lib.as'

// @ts-ignore: decorator
@inline
function low32(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 4, 1, 5) }
// @ts-ignore: decorator
@inline
function high32(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 6, 3, 7) }
// @ts-ignore: decorator
@inline
function low64(a: v128, b: v128): v128 { return v128.shuffle<f64>(a, b, 0, 2) }
// @ts-ignore: decorator
@inline
function high64(a: v128, b: v128): v128 { return v128.shuffle<f64>(a, b, 1, 3) }

/** What the leaf does between its forward and its inverse step. */
export const CONVOLVE: i32 = 0
export const STORE_SPECTRUM: i32 = 1

/**
 * The last two levels in registers, for each node of 16 points: a radix-4 step with the node's own twiddles (`tw`) leaves its
 * four children as four vectors; transposed, the children become lanes and a second radix-4 step needs no shuffles. Then comes
 * the product by (spectrum + extra), and the way back. The second step's twiddles are those of a row with root 1 (`leaf`)
 * times a constant of the row. Spectrum: 16 points are 32 f32: for each of four results the children's four real, then
 * four imaginary parts.
 */
// @ts-ignore: decorator
@inline
export function leaves(mode: i32, p: usize, points: i32, tw: usize, leaf: usize, rowRe: f32, rowIm: f32, spectrum: usize, extra: f32): void {
  const cr = f32x4.splat(rowRe), ci = f32x4.splat(rowIm), plus = f32x4.splat(extra)
  for (const end = p + (<usize>points << 2); p < end; p += 64, tw += 24, leaf += 32, spectrum += 128) {
    // First step, as forward4.
    let wr = v128.load_splat<f32>(tw, 8), wi = v128.load_splat<f32>(tw, 12), xr = v128.load(p, 32), xi = v128.load(p, GAP + 32)
    const b2r = nmadd(xi, wi, mul(xr, wr)), b2i = madd(xi, wr, mul(xr, wi))
    xr = v128.load(p)
    xi = v128.load(p, GAP)
    const s0r = add(xr, b2r), s0i = add(xi, b2i), d0r = sub(xr, b2r), d0i = sub(xi, b2i)
    wr = v128.load_splat<f32>(tw)
    wi = v128.load_splat<f32>(tw, 4)
    xr = v128.load(p, 16)
    xi = v128.load(p, GAP + 16)
    const b1r = nmadd(xi, wi, mul(xr, wr)), b1i = madd(xi, wr, mul(xr, wi))
    wr = v128.load_splat<f32>(tw, 16)
    wi = v128.load_splat<f32>(tw, 20)
    xr = v128.load(p, 48)
    xi = v128.load(p, GAP + 48)
    const b3r = nmadd(xi, wi, mul(xr, wr)), b3i = madd(xi, wr, mul(xr, wi))
    const s1r = add(b1r, b3r), s1i = add(b1i, b3i), d1r = sub(b1r, b3r), d1i = sub(b1i, b3i)
    // Children to lanes.
    const m0r = add(s0r, s1r), m1r = sub(d0r, d1i), m2r = sub(s0r, s1r), m3r = add(d0r, d1i)
    let l0 = low32(m0r, m1r), h0 = high32(m0r, m1r), l1 = low32(m2r, m3r), h1 = high32(m2r, m3r)
    const x0r = low64(l0, l1), x1r = high64(l0, l1), x2r = low64(h0, h1), x3r = high64(h0, h1)
    const m0i = add(s0i, s1i), m1i = add(d0i, d1r), m2i = sub(s0i, s1i), m3i = sub(d0i, d1r)
    l0 = low32(m0i, m1i)
    h0 = high32(m0i, m1i)
    l1 = low32(m2i, m3i)
    h1 = high32(m2i, m3i)
    const x0i = low64(l0, l1), x1i = high64(l0, l1), x2i = low64(h0, h1), x3i = high64(h0, h1)
    // Second step.
    wr = v128.load(leaf)
    wi = v128.load(leaf, 16)
    const w1r = nmadd(wi, ci, mul(wr, cr)), w1i = madd(wi, cr, mul(wr, ci))
    const w2r = nmadd(w1i, w1i, mul(w1r, w1r)), half = mul(w1r, w1i), w2i = add(half, half)
    const w3r = nmadd(w2i, w1i, mul(w2r, w1r)), w3i = madd(w2i, w1r, mul(w2r, w1i))
    const y2r = nmadd(x2i, w2i, mul(x2r, w2r)), y2i = madd(x2i, w2r, mul(x2r, w2i))
    const t0r = add(x0r, y2r), t0i = add(x0i, y2i), u0r = sub(x0r, y2r), u0i = sub(x0i, y2i)
    const y1r = nmadd(x1i, w1i, mul(x1r, w1r)), y1i = madd(x1i, w1r, mul(x1r, w1i))
    const y3r = nmadd(x3i, w3i, mul(x3r, w3r)), y3i = madd(x3i, w3r, mul(x3r, w3i))
    const t1r = add(y1r, y3r), t1i = add(y1i, y3i), u1r = sub(y1r, y3r), u1i = sub(y1i, y3i)
    const c0r = add(t0r, t1r), c0i = add(t0i, t1i), c2r = sub(t0r, t1r), c2i = sub(t0i, t1i)
    const c1r = sub(u0r, u1i), c1i = add(u0i, u1r), c3r = add(u0r, u1i), c3i = sub(u0i, u1r)
    if (mode == STORE_SPECTRUM) {
      v128.store(spectrum, mul(c0r, plus))
      v128.store(spectrum, mul(c0i, plus), 16)
      v128.store(spectrum, mul(c1r, plus), 32)
      v128.store(spectrum, mul(c1i, plus), 48)
      v128.store(spectrum, mul(c2r, plus), 64)
      v128.store(spectrum, mul(c2i, plus), 80)
      v128.store(spectrum, mul(c3r, plus), 96)
      v128.store(spectrum, mul(c3i, plus), 112)
    } else {
      let kr = add(v128.load(spectrum), plus), ki = v128.load(spectrum, 16)
      const z0r = nmadd(c0i, ki, mul(c0r, kr)), z0i = madd(c0i, kr, mul(c0r, ki))
      kr = add(v128.load(spectrum, 64), plus)
      ki = v128.load(spectrum, 80)
      const z2r = nmadd(c2i, ki, mul(c2r, kr)), z2i = madd(c2i, kr, mul(c2r, ki))
      const e0r = add(z0r, z2r), e0i = add(z0i, z2i), e1r = sub(z0r, z2r), e1i = sub(z0i, z2i)
      kr = add(v128.load(spectrum, 32), plus)
      ki = v128.load(spectrum, 48)
      const z1r = nmadd(c1i, ki, mul(c1r, kr)), z1i = madd(c1i, kr, mul(c1r, ki))
      kr = add(v128.load(spectrum, 96), plus)
      ki = v128.load(spectrum, 112)
      const z3r = nmadd(c3i, ki, mul(c3r, kr)), z3i = madd(c3i, kr, mul(c3r, ki))
      const f0r = add(z1r, z3r), f0i = add(z1i, z3i), f1r = sub(z1i, z3i), f1i = sub(z3r, z1r)
      const o0r = add(e0r, f0r), o0i = add(e0i, f0i), g2r = sub(e0r, f0r), g2i = sub(e0i, f0i)
      const g1r = add(e1r, f1r), g1i = add(e1i, f1i), g3r = sub(e1r, f1r), g3i = sub(e1i, f1i)
      const o1r = madd(g1i, w1i, mul(g1r, w1r)), o1i = nmadd(g1r, w1i, mul(g1i, w1r))
      const o2r = madd(g2i, w2i, mul(g2r, w2r)), o2i = nmadd(g2r, w2i, mul(g2i, w2r))
      const o3r = madd(g3i, w3i, mul(g3r, w3r)), o3i = nmadd(g3r, w3i, mul(g3i, w3r))
      // Lanes back to children.
      l0 = low32(o0r, o1r)
      h0 = high32(o0r, o1r)
      l1 = low32(o2r, o3r)
      h1 = high32(o2r, o3r)
      const n0r = low64(l0, l1), n1r = high64(l0, l1), n2r = low64(h0, h1), n3r = high64(h0, h1)
      l0 = low32(o0i, o1i)
      h0 = high32(o0i, o1i)
      l1 = low32(o2i, o3i)
      h1 = high32(o2i, o3i)
      const n0i = low64(l0, l1), n1i = high64(l0, l1), n2i = low64(h0, h1), n3i = high64(h0, h1)
      // Inverse of the first step, as inverse4.
      const v0r = add(n0r, n2r), v0i = add(n0i, n2i), v1r = sub(n0r, n2r), v1i = sub(n0i, n2i)
      const r0r = add(n1r, n3r), r0i = add(n1i, n3i), r1r = sub(n1i, n3i), r1i = sub(n3r, n1r)
      v128.store(p, add(v0r, r0r))
      v128.store(p, add(v0i, r0i), GAP)
      const q1r = add(v1r, r1r), q1i = add(v1i, r1i), q2r = sub(v0r, r0r), q2i = sub(v0i, r0i), q3r = sub(v1r, r1r), q3i = sub(v1i, r1i)
      wr = v128.load_splat<f32>(tw)
      wi = v128.load_splat<f32>(tw, 4)
      v128.store(p, madd(q1i, wi, mul(q1r, wr)), 16)
      v128.store(p, nmadd(q1r, wi, mul(q1i, wr)), GAP + 16)
      wr = v128.load_splat<f32>(tw, 8)
      wi = v128.load_splat<f32>(tw, 12)
      v128.store(p, madd(q2i, wi, mul(q2r, wr)), 32)
      v128.store(p, nmadd(q2r, wi, mul(q2i, wr)), GAP + 32)
      wr = v128.load_splat<f32>(tw, 16)
      wi = v128.load_splat<f32>(tw, 20)
      v128.store(p, madd(q3i, wi, mul(q3r, wr)), 48)
      v128.store(p, nmadd(q3r, wi, mul(q3i, wr)), GAP + 48)
    }
  }
}
