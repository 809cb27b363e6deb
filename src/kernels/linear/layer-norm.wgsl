// Mean and 1 / sqrt(variance + epsilon) over channels at each position, for the ops that normalise while they load.
struct Params {
  channelCount: u32,
  length: u32,
  inputOffset: u32,
  inputStride: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> statistics: array<f32>; // [2, length]: means, then scales
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, length]

@compute @workgroup_size(64)
fn layerNormStatistics(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let t = (workgroup.x + workgroup.z * grid.x) * 64u + local;
  if (t >= params.length) {
    return;
  }
  let first = params.inputOffset + t;
  var sum = 0.0;
  for (var c = 0u; c < params.channelCount; c++) {
    sum += input[first + c * params.inputStride];
  }
  let mean = sum / f32(params.channelCount);
  var squares = 0.0;
  for (var c = 0u; c < params.channelCount; c++) {
    let d = input[first + c * params.inputStride] - mean;
    squares += d * d;
  }
  statistics[t] = mean;
  statistics[params.length + t] = 1.0 / sqrt(squares / f32(params.channelCount) + params.epsilon);
}
