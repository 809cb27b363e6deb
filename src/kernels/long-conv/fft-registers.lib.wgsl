// Transforms of the 16 values that a thread holds, radix 16 and the last step's 2, 4 or 8; sign 1 is forward, -1 inverse
// (without the scale). Used by fft-conv.wgsl, which says how the steps make a whole transform.

var<private> v: array<vec2f, 16>;

// End of a loop over registers. A GPU needs these loops unrolled, so that v becomes registers; a driver that computes on the
// CPU gains nothing by it and compiles many times longer.
fn upTo(count: u32) -> u32 {
  return select(min(count, params.longestLoop), count, unroll);
}

fn times(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

fn timesConjugate(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x + a.y * b.y, a.y * b.x - a.x * b.y);
}

fn dft2(i: u32, j: u32) {
  let a = v[i];
  v[i] = a + v[j];
  v[j] = a - v[j];
}

fn dft4(first: u32, stride: u32, sign: f32) {
  let v0 = v[first];
  let v1 = v[first + stride];
  let v2 = v[first + 2u * stride];
  let v3 = v[first + 3u * stride];
  let sum02 = v0 + v2;
  let sum13 = v1 + v3;
  let difference02 = v0 - v2;
  let turned13 = sign * vec2f(v1.y - v3.y, v3.x - v1.x);
  v[first] = sum02 + sum13;
  v[first + stride] = difference02 + turned13;
  v[first + 2u * stride] = sum02 - sum13;
  v[first + 3u * stride] = difference02 - turned13;
}

fn turn(i: u32, cosine: f32, sine: f32) {
  v[i] = times(v[i], vec2f(cosine, sine));
}

const cos1 = 0.9238795325112867; // of 1/16 turn
const sin1 = 0.3826834323650898;
const root = 0.7071067811865476;

// e^(-2πi k1 n2 / 16) for value 4 k1 + n2.
const turns16 = array<vec2f, 16>(
  vec2f(1.0, 0.0), vec2f(1.0, 0.0), vec2f(1.0, 0.0), vec2f(1.0, 0.0),
  vec2f(1.0, 0.0), vec2f(cos1, -sin1), vec2f(root, -root), vec2f(sin1, -cos1),
  vec2f(1.0, 0.0), vec2f(root, -root), vec2f(0.0, -1.0), vec2f(-root, -root),
  vec2f(1.0, 0.0), vec2f(sin1, -cos1), vec2f(-root, -root), vec2f(-cos1, sin1),
);

// Frequency q of the 16 stands in value 4 (q % 4) + q / 4 after the forward transform and before the inverse one.
fn digit(index: u32) -> u32 {
  return (index >> 2u) | ((index & 3u) << 2u);
}

fn forward16() {
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(i, 4u, 1.0);
  }
  for (var i = 5u; i < upTo(16u); i++) {
    v[i] = times(v[i], turns16[i]);
  }
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(4u * i, 1u, 1.0);
  }
}

fn inverse16() {
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(4u * i, 1u, -1.0);
  }
  for (var i = 5u; i < upTo(16u); i++) {
    v[i] = timesConjugate(v[i], turns16[i]);
  }
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(i, 4u, -1.0);
  }
}

fn turn8(i: u32, sign: f32) {
  turn(i + 5u, root, -sign * root);
  turn(i + 6u, 0.0, -sign);
  turn(i + 7u, -root, -sign * root);
}

// The last step, radix 2, 4 or 8, over neighbouring registers.
fn forwardLast() {
  if (lastLog == 1u) {
    for (var i = 0u; i < upTo(16u); i += 2u) {
      dft2(i, i + 1u);
    }
  } else if (lastLog == 2u) {
    for (var i = 0u; i < upTo(16u); i += 4u) {
      dft4(i, 1u, 1.0);
    }
  } else if (lastLog == 3u) {
    for (var i = 0u; i < upTo(16u); i += 8u) {
      dft2(i, i + 4u);
      dft2(i + 1u, i + 5u);
      dft2(i + 2u, i + 6u);
      dft2(i + 3u, i + 7u);
      turn8(i, 1.0);
      dft4(i, 1u, 1.0);
      dft4(i + 4u, 1u, 1.0);
    }
  }
}

fn inverseLast() {
  if (lastLog == 1u) {
    for (var i = 0u; i < upTo(16u); i += 2u) {
      dft2(i, i + 1u);
    }
  } else if (lastLog == 2u) {
    for (var i = 0u; i < upTo(16u); i += 4u) {
      dft4(i, 1u, -1.0);
    }
  } else if (lastLog == 3u) {
    for (var i = 0u; i < upTo(16u); i += 8u) {
      dft4(i, 1u, -1.0);
      dft4(i + 4u, 1u, -1.0);
      turn8(i, -1.0);
      dft2(i, i + 4u);
      dft2(i + 1u, i + 5u);
      dft2(i + 2u, i + 6u);
      dft2(i + 3u, i + 7u);
    }
  }
}
