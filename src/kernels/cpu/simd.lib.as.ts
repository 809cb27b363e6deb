/** Vector arithmetic that several kernels share; four f32 lanes. RELAXED is 1 in the build for engines with relaxed SIMD. */

/** a * b + c, in one rounding where the engine has it. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  // @ts-ignore: a constant given to the compiler
  if (RELAXED) return v128.relaxed_madd<f32>(a, b, c)
  return v128.add<f32>(v128.mul<f32>(a, b), c)
}

/** c - a * b, in one rounding where the engine has it. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  // @ts-ignore: a constant given to the compiler
  if (RELAXED) return v128.relaxed_nmadd<f32>(a, b, c)
  return v128.sub<f32>(c, v128.mul<f32>(a, b))
}

/** Adding it rounds to a whole number and leaves that in the low bits; 1.5 * 2^23. Several times faster than f32x4.nearest. */
const roundingMagic: f32 = 12582912

/**
 * e^x, relative error below 2e-7 (2e-6 beyond |x| = 16 without fused multiply-add); x is held to [-87, 88].
 * e^x = 2^k e^r, |r| <= ln(2)/2, e^r by a minimax polynomial of degree 5. NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  x = v128.pmax<f32>(v128.pmin<f32>(x, f32x4.splat(88)), f32x4.splat(-87))
  const shifted = madd(x, f32x4.splat(1.4426950408889634), f32x4.splat(roundingMagic))
  const k = v128.sub<f32>(shifted, f32x4.splat(roundingMagic))
  // ln 2 in two parts, the first with few enough bits that k times it is exact.
  const r = nmadd(k, f32x4.splat(-2.12194440e-4), nmadd(k, f32x4.splat(0.693359375), x))
  let p = madd(f32x4.splat(0.008312525227665901), r, f32x4.splat(0.041890114545822144))
  p = madd(p, r, f32x4.splat(0.16667114198207855))
  p = madd(p, r, f32x4.splat(0.499992311000824))
  p = madd(v128.mul<f32>(r, r), p, v128.add<f32>(r, f32x4.splat(1)))
  const scale = v128.shl<i32>(v128.add<i32>(shifted, i32x4.splat(127)), 23)
  return v128.mul<f32>(p, scale)
}

/**
 * x / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3): the tanh form of GELU, as x times a logistic function.
 */
// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  const z = v128.mul<f32>(x, madd(v128.mul<f32>(x, x), f32x4.splat(-0.07135481282553254), f32x4.splat(-1.5957691216057308)))
  return v128.div<f32>(x, v128.add<f32>(f32x4.splat(1), exponential(z)))
}

/**
 * sin(π (a + remainder)) for |a| up to 2^22 and a small remainder; absolute error below 1.5e-7. Whole half-turns are taken
 * off exactly, what is left within ±1/2 goes through an odd minimax polynomial of degree 9 (error 3.3e-9 before rounding).
 */
// @ts-ignore: decorator
@inline
export function sineOfHalfTurns(a: v128, remainder: v128): v128 {
  const shifted = v128.add<f32>(a, f32x4.splat(roundingMagic))
  const r = v128.add<f32>(v128.sub<f32>(a, v128.sub<f32>(shifted, f32x4.splat(roundingMagic))), remainder)
  const q = v128.mul<f32>(r, r)
  let p = madd(f32x4.splat(0.0772201269865036), q, f32x4.splat(-0.5980451703071594))
  p = madd(p, q, f32x4.splat(2.5500314235687256))
  p = madd(p, q, f32x4.splat(-5.1677069664001465))
  p = madd(p, q, f32x4.splat(3.141592502593994))
  return v128.xor(v128.mul<f32>(r, p), v128.shl<i32>(shifted, 31))
}
