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

/*
 * Constants are read from memory, one instruction each: V8 makes those written in the code anew wherever they are used, two
 * instructions for 128 bits and six for 256.
 */
const table = memory.data<f32>([
  12582912, 88, -87, 1, 1.4426950408889634, -2.1219444e-4, 0.693359375, 0.008312525227665901, 0.041890114545822144,
  0.16667114198207855, 0.499992311000824, -0.07135481282553254, -1.5957691216057308, 0.0772201269865036, -0.5980451703071594,
  2.5500314235687256, -5.1677069664001465, 3.141592502593994, 1.7796490496925177e-43,
])
/** Places in the table. */
const enum C {
  rounding, most, least, one, log2e, ln2Low, ln2High, exp5, exp4, exp3, exp2, gelu3, gelu1, sine9, sine7, sine5, sine3, sine1, bias,
}
// rounding: adding 1.5 * 2^23 rounds to a whole number and leaves that in the low bits; several times faster than f32x4.nearest.
// ln 2 in two parts, the first with few enough bits that k times it is exact. bias: the bits of the integer 127.

// @ts-ignore: decorator
@inline
function constant(place: C): v128 {
  return v128.load32_splat(table + (<usize>place << 2))
}

/**
 * e^x, relative error below 2e-7 (2e-6 beyond |x| = 16 without fused multiply-add); x is held to [-87, 88].
 * e^x = 2^k e^r, |r| <= ln(2)/2, e^r by a minimax polynomial of degree 5. NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  x = v128.pmax<f32>(v128.pmin<f32>(x, constant(C.most)), constant(C.least))
  const shifted = madd(x, constant(C.log2e), constant(C.rounding))
  const k = v128.sub<f32>(shifted, constant(C.rounding))
  const r = nmadd(k, constant(C.ln2Low), nmadd(k, constant(C.ln2High), x))
  let p = madd(constant(C.exp5), r, constant(C.exp4))
  p = madd(p, r, constant(C.exp3))
  p = madd(p, r, constant(C.exp2))
  p = madd(v128.mul<f32>(r, r), p, v128.add<f32>(r, constant(C.one)))
  const scale = v128.shl<i32>(v128.add<i32>(shifted, constant(C.bias)), 23)
  return v128.mul<f32>(p, scale)
}

/**
 * x / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3): the tanh form of GELU, as x times a logistic function.
 */
// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  const z = v128.mul<f32>(x, madd(v128.mul<f32>(x, x), constant(C.gelu3), constant(C.gelu1)))
  return v128.div<f32>(x, v128.add<f32>(constant(C.one), exponential(z)))
}

/**
 * sin(π (a + remainder)) for |a| up to 2^22 and a small remainder; absolute error below 1.5e-7. Whole half-turns are taken
 * off exactly, what is left within ±1/2 goes through an odd minimax polynomial of degree 9 (error 3.3e-9 before rounding).
 */
// @ts-ignore: decorator
@inline
export function sineOfHalfTurns(a: v128, remainder: v128): v128 {
  const shifted = v128.add<f32>(a, constant(C.rounding))
  const r = v128.add<f32>(v128.sub<f32>(a, v128.sub<f32>(shifted, constant(C.rounding))), remainder)
  const q = v128.mul<f32>(r, r)
  let p = madd(constant(C.sine9), q, constant(C.sine7))
  p = madd(p, q, constant(C.sine5))
  p = madd(p, q, constant(C.sine3))
  p = madd(p, q, constant(C.sine1))
  return v128.xor(v128.mul<f32>(r, p), v128.shl<i32>(shifted, 31))
}
