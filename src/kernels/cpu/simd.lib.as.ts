/** 1 in the build for engines with relaxed SIMD; set by scripts/generate.mjs. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  // @ts-ignore: a constant given to the compiler
  if (RELAXED) return v128.relaxed_madd<f32>(a, b, c)
  return v128.add<f32>(v128.mul<f32>(a, b), c)
}
