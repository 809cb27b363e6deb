// Gradients of a layer norm over channels: of the input, a thread a position, and of weight and bias, a workgroup a channel.
struct Params {
  channelCount: u32,
  length: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  gradientOffset: u32,
  gradientStride: u32,
  statisticsOffset: u32,
  statisticsStride: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length]; of the sums: [2, channels]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, length]
@group(0) @binding(3) var<storage, read> gradient: array<f32>; // [channels, length]
@group(0) @binding(4) var<storage, read> weight: array<f32>; // [channels]
@group(0) @binding(5) var<storage, read_write> statistics: array<f32>; // [2, length]: mean, 1 / deviation

// import sums.lib.wgsl

@compute @workgroup_size(64)
fn inputGradient(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let t = (workgroup.x + workgroup.z * grid.x) * 64u + local;
  if (t >= params.length) {
    return;
  }
  let x = params.inputOffset + t;
  let g = params.gradientOffset + t;
  let count = f32(params.channelCount);
  var mean = 0.0;
  for (var c = 0u; c < params.channelCount; c++) {
    mean += input[x + c * params.inputStride];
  }
  mean = mean / count;
  var squares = 0.0;
  for (var c = 0u; c < params.channelCount; c++) {
    let d = input[x + c * params.inputStride] - mean;
    squares += d * d;
  }
  let inverse = 1.0 / sqrt(squares / count + params.epsilon);
  var plain = 0.0;
  var products = 0.0;
  for (var c = 0u; c < params.channelCount; c++) {
    let h = gradient[g + c * params.gradientStride] * weight[c];
    plain += h;
    products += h * (input[x + c * params.inputStride] - mean) * inverse;
  }
  plain = plain / count;
  products = products / count;
  for (var c = 0u; c < params.channelCount; c++) {
    let h = gradient[g + c * params.gradientStride] * weight[c];
    let normalized = (input[x + c * params.inputStride] - mean) * inverse;
    out[params.outOffset + c * params.outStride + t] = (h - plain - normalized * products) * inverse;
  }
  statistics[params.statisticsOffset + t] = mean;
  statistics[params.statisticsOffset + params.statisticsStride + t] = inverse;
}

@compute @workgroup_size(64)
fn normSums(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let c = workgroup.y;
  var products = 0.0;
  var plain = 0.0;
  for (var t = local; t < params.length; t += 64u) {
    let g = gradient[params.gradientOffset + c * params.gradientStride + t];
    let mean = statistics[params.statisticsOffset + t];
    let inverse = statistics[params.statisticsOffset + params.statisticsStride + t];
    products += g * (input[params.inputOffset + c * params.inputStride + t] - mean) * inverse;
    plain += g;
  }
  products = sumOfThreads(products, local);
  plain = sumOfThreads(plain, local);
  if (local == 0u) {
    out[params.outOffset + c] = products;
    out[params.outOffset + params.outStride + c] = plain;
  }
}
