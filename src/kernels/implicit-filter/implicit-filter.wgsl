// The pointwise steps of the Hyena filter; the dense layers between them are linear.wgsl.
//
// sin() and exp() of WGSL are only as good as the driver makes them (2^-11 absolute is allowed), and the filter multiplies
// such errors: both are computed here, by Cody and Waite's reduction with the constants split so that n · part is exact.
struct Params {
  channelCount: u32,
  length: u32,
  outOffset: u32,
  outStride: u32,
  firstTap: u32,
  embeddingSize: u32,
  tOffset: u32,
  shift: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length]
@group(0) @binding(2) var<storage, read> factors: array<f32>; // freq or deltas [channels]; z [taps, embeddingSize]
@group(0) @binding(3) var<storage, read> t: array<f32>; // [>= tOffset + length]

fn tileOf(workgroup: vec3u, grid: vec3u, local: u32) -> u32 {
  return (workgroup.x + workgroup.z * grid.x) * 64u + local;
}

// out[b, i] = z[firstTap + i, b]: a checkpoint's table, turned to channels by positions.
@compute @workgroup_size(64)
fn gatherFeatures(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = tileOf(workgroup, grid, local);
  if (i < params.length) {
    out[params.outOffset + workgroup.y * params.outStride + i] = factors[(params.firstTap + i) * params.embeddingSize + workgroup.y];
  }
}

// sin(a · b). The product's rounding error is kept where fma is fused, and is 0 where it is not.
fn sineOfProduct(a: f32, b: f32) -> f32 {
  let x = a * b;
  let rest = fma(a, b, -x);
  let n = round(x * 0.3183098861837907);
  var r = x - n * 3.140625;
  r -= n * 0.0009675025939941406;
  r -= n * 1.5099580252808664e-7;
  r += rest;
  let s = r * r;
  let higher = -0.00019840801218536032 + s * (2.752247980473358e-6 + s * -2.3844304308795472e-8);
  let p = r + r * s * (-0.1666666660585001 + s * (0.008333330472598894 + s * higher));
  return select(p, -p, (i32(n) & 1) != 0);
}

// exp(x) for x <= 0.
fn decay(x: f32) -> f32 {
  let y = max(x, -87.0);
  let n = round(y * 1.4426950408889634);
  var r = y - n * 0.693115234375;
  r -= n * 3.194618329871446e-5;
  let higher = 0.16666666666666666 + r * (0.041666666666666664 + r * (0.008333333333333333 + r * 0.001388888888888889));
  let p = 1.0 + r * (1.0 + r * (0.5 + r * higher));
  return ldexp(p, i32(n));
}

// out[c, i] = sin(freq[c] · out[c, i])
@compute @workgroup_size(64)
fn sine(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = tileOf(workgroup, grid, local);
  if (i < params.length) {
    let at = params.outOffset + workgroup.y * params.outStride + i;
    out[at] = sineOfProduct(factors[workgroup.y], out[at]);
  }
}

// out[c, i] *= exp(-t_i |delta_c|) + shift
@compute @workgroup_size(64)
fn modulate(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = tileOf(workgroup, grid, local);
  if (i < params.length) {
    let at = params.outOffset + workgroup.y * params.outStride + i;
    out[at] *= decay(-t[params.tOffset + i] * abs(factors[workgroup.y])) + params.shift;
  }
}
