// Transforms of the 16 values that a thread holds, radix 16 and the last step's 2, 4 or 8; sign 1 is forward, -1 inverse
// (without the scale). Used by fft-conv.lib.wgsl, which says how the steps make a whole transform.
//
// Values are reached by constant indices only, so that compilers make them registers: a loop over registers, whose end is
// `upTo(n)`, is written out by scripts/generate.mjs. Drivers that compute on the CPU get the loops as they stand here: they
// gain nothing by registers and compile many times longer.

var<private> v: array<vec2f, 16>;

// End of a loop over registers: a bound that compilers cannot see, where the loop stands as it is.
fn upTo(count: u32) -> u32 {
  return min(count, params.longestLoop);
}

fn times(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

fn timesConjugate(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x + a.y * b.y, a.y * b.x - a.x * b.y);
}

// Four values as the columns of a matrix.
fn dft4(a: vec2f, b: vec2f, c: vec2f, d: vec2f, sign: f32) -> mat4x2f {
  let sumAc = a + c;
  let sumBd = b + d;
  let differenceAc = a - c;
  let turnedBd = sign * vec2f(b.y - d.y, d.x - b.x);
  return mat4x2f(sumAc + sumBd, differenceAc + turnedBd, sumAc - sumBd, differenceAc - turnedBd);
}

const cos1 = 0.9238795325112867; // of 1/16 turn
const sin1 = 0.3826834323650898;
const root = 0.7071067811865476;

// Turned back by an eighth, a quarter, three eighths of a turn; sign -1: forth.
fn eighth(a: vec2f, sign: f32) -> vec2f {
  return root * vec2f(a.x + sign * a.y, a.y - sign * a.x);
}

fn quarter(a: vec2f, sign: f32) -> vec2f {
  return sign * vec2f(a.y, -a.x);
}

fn threeEighths(a: vec2f, sign: f32) -> vec2f {
  return root * vec2f(sign * a.y - a.x, -sign * a.x - a.y);
}

// Value 4 k1 + n2 times e^(-2πi k1 n2 / 16).
fn turn16(sign: f32) {
  v[5] = times(v[5], vec2f(cos1, -sign * sin1));
  v[6] = eighth(v[6], sign);
  v[7] = times(v[7], vec2f(sin1, -sign * cos1));
  v[9] = eighth(v[9], sign);
  v[10] = quarter(v[10], sign);
  v[11] = threeEighths(v[11], sign);
  v[13] = times(v[13], vec2f(sin1, -sign * cos1));
  v[14] = threeEighths(v[14], sign);
  v[15] = times(v[15], vec2f(-cos1, sign * sin1));
}

// Frequency q of the 16 stands in value 4 (q % 4) + q / 4 after the forward transform and before the inverse one.
fn digit(index: u32) -> u32 {
  return (index >> 2u) | ((index & 3u) << 2u);
}

// Transforms over values 4 apart, and over neighbours.
fn dftsApart(sign: f32) {
  for (var i = 0u; i < upTo(4u); i++) {
    let y = dft4(v[i], v[i + 4u], v[i + 8u], v[i + 12u], sign);
    v[i] = y[0];
    v[i + 4u] = y[1];
    v[i + 8u] = y[2];
    v[i + 12u] = y[3];
  }
}

fn dftsBeside(sign: f32) {
  for (var i = 0u; i < upTo(16u); i += 4u) {
    let y = dft4(v[i], v[i + 1u], v[i + 2u], v[i + 3u], sign);
    v[i] = y[0];
    v[i + 1u] = y[1];
    v[i + 2u] = y[2];
    v[i + 3u] = y[3];
  }
}

fn forward16() {
  dftsApart(1.0);
  turn16(1.0);
  dftsBeside(1.0);
}

fn inverse16() {
  dftsBeside(-1.0);
  turn16(-1.0);
  dftsApart(-1.0);
}

// The last step, radix 2, 4 or 8, over neighbouring registers.
fn dfts2() {
  for (var i = 0u; i < upTo(16u); i += 2u) {
    let a = v[i];
    v[i] = a + v[i + 1u];
    v[i + 1u] = a - v[i + 1u];
  }
}

fn halvesOf8() {
  for (var i = 0u; i < upTo(16u); i += 8u) {
    let a = mat4x2f(v[i], v[i + 1u], v[i + 2u], v[i + 3u]);
    let b = mat4x2f(v[i + 4u], v[i + 5u], v[i + 6u], v[i + 7u]);
    let sums = a + b;
    let differences = a - b;
    v[i] = sums[0];
    v[i + 1u] = sums[1];
    v[i + 2u] = sums[2];
    v[i + 3u] = sums[3];
    v[i + 4u] = differences[0];
    v[i + 5u] = differences[1];
    v[i + 6u] = differences[2];
    v[i + 7u] = differences[3];
  }
}

fn turns8(sign: f32) {
  for (var i = 0u; i < upTo(16u); i += 8u) {
    v[i + 5u] = eighth(v[i + 5u], sign);
    v[i + 6u] = quarter(v[i + 6u], sign);
    v[i + 7u] = threeEighths(v[i + 7u], sign);
  }
}

fn forwardLast() {
  if (lastLog == 1u) {
    dfts2();
  } else if (lastLog == 2u) {
    dftsBeside(1.0);
  } else if (lastLog == 3u) {
    halvesOf8();
    turns8(1.0);
    dftsBeside(1.0);
  }
}

fn inverseLast() {
  if (lastLog == 1u) {
    dfts2();
  } else if (lastLog == 2u) {
    dftsBeside(-1.0);
  } else if (lastLog == 3u) {
    dftsBeside(-1.0);
    turns8(-1.0);
    halvesOf8();
  }
}
