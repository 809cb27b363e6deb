// Gradients of leaky(scale · input + shift): of the input, position by position, and of scale and shift, a workgroup a channel.
struct Params {
  channelCount: u32,
  length: u32,
  padding: u32,
  margin: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  gradientOffset: u32,
  gradientStride: u32,
  skipOffset: u32,
  skipStride: u32,
}

override hasSkip: bool = false;
override leakySlope: f32 = 0.1;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length + 2 padding]; of the sums: [2, channels]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, length]
@group(0) @binding(3) var<storage, read> gradient: array<f32>; // [channels, length]
@group(0) @binding(4) var<storage, read> scale: array<f32>; // [channels]
@group(0) @binding(5) var<storage, read> shift: array<f32>; // [channels]
@group(0) @binding(6) var<storage, read> skip: array<f32>; // [channels, length - 2 margin]

// import sums.lib.wgsl

fn inputAt(c: u32, t: u32) -> f32 {
  return input[params.inputOffset + c * params.inputStride + t];
}

// The gradient of the affine map's result.
fn reached(c: u32, t: u32) -> f32 {
  let g = gradient[params.gradientOffset + c * params.gradientStride + t];
  return select(leakySlope * g, g, inputAt(c, t) * scale[c] + shift[c] > 0.0);
}

@compute @workgroup_size(64)
fn inputGradient(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let place = (workgroup.x + workgroup.z * grid.x) * 64u + local;
  let c = workgroup.y;
  if (place >= params.length + 2u * params.padding) {
    return;
  }
  var value = 0.0;
  if (place >= params.padding && place < params.padding + params.length) {
    let t = place - params.padding;
    value = reached(c, t) * scale[c];
    if (hasSkip && t >= params.margin && t < params.length - params.margin) {
      value += skip[params.skipOffset + c * params.skipStride + t - params.margin];
    }
  }
  out[params.outOffset + c * params.outStride + place] = value;
}

@compute @workgroup_size(64)
fn affineSums(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let c = workgroup.y;
  var products = 0.0;
  var plain = 0.0;
  for (var t = local; t < params.length; t += 64u) {
    let d = reached(c, t);
    products += d * inputAt(c, t);
    plain += d;
  }
  products = sumOfThreads(products, local);
  plain = sumOfThreads(plain, local);
  if (local == 0u) {
    out[params.outOffset + c] = products;
    out[params.outOffset + params.outStride + c] = plain;
  }
}
