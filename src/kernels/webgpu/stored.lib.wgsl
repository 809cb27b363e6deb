// Values in storage (`stored`, see prelude.ts): f32 as they are; f16 divided by a power of two that a row or tile of them
// shares, so that none overflows and none is lost beside the largest. Exponents stand beside the values, as values.

// 2^exponent exactly (exp2 is not), -126 to 127.
fn power(exponent: i32) -> f32 {
  return bitcast<f32>(u32(exponent + 127) << 23u);
}

// The exponent that brings values of up to `largest` below 2^15: f16 ends at 2^16, which leaves
// room for a turn of a complex value, and holds 2^-14 with all its digits.
fn exponentFor(largest: f32) -> i32 {
  return clamp(i32(bitcast<u32>(largest) >> 23u) - 127 - 14, -126, 126);
}
