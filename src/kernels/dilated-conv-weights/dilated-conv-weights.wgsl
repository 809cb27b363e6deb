// Gradients of a dilated convolution's weight and bias, by definition: a workgroup sums over all positions for one weight.
struct Params {
  inChannels: u32,
  length: u32,
  width: u32,
  dilation: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  gradientOffset: u32,
  gradientStride: u32,
}

override hasBefore: bool = false;
override leakySlope: f32 = 0.1;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [outChannels, inChannels width], or [outChannels, 1]
@group(0) @binding(2) var<storage, read> gradient: array<f32>; // [outChannels, length]
@group(0) @binding(3) var<storage, read> input: array<f32>; // [inChannels, length + (width - 1) dilation]
@group(0) @binding(4) var<storage, read> scale: array<f32>; // [inChannels]
@group(0) @binding(5) var<storage, read> shift: array<f32>; // [inChannels]

// import sums.lib.wgsl

@compute @workgroup_size(64)
fn weightSums(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let k = workgroup.x + workgroup.z * grid.x;
  let i = min(k / params.width, params.inChannels - 1u); // workgroups past the end compute too, and write nothing
  let first = params.inputOffset + i * params.inputStride + (k % params.width) * params.dilation;
  let along = params.gradientOffset + workgroup.y * params.gradientStride;
  var sum = 0.0;
  for (var t = local; t < params.length; t += 64u) {
    var x = input[first + t];
    if (hasBefore) {
      x = x * scale[i] + shift[i];
      x = select(leakySlope * x, x, x > 0.0);
    }
    sum += gradient[along + t] * x;
  }
  sum = sumOfThreads(sum, local);
  if (local == 0u && k < params.inChannels * params.width) {
    out[params.outOffset + workgroup.y * params.outStride + k] = sum;
  }
}

@compute @workgroup_size(64)
fn biasSums(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let along = params.gradientOffset + workgroup.y * params.gradientStride;
  var sum = 0.0;
  for (var t = local; t < params.length; t += 64u) {
    sum += gradient[along + t];
  }
  sum = sumOfThreads(sum, local);
  if (local == 0u) {
    out[params.outOffset + workgroup.y * params.outStride] = sum;
  }
}
