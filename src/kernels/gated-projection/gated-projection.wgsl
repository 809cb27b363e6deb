// Depthwise short convolution and gate of a Hyena operator, over u = weight · norm(input) + bias that is already there:
// s[c, t] = shortBias[c] + Σ_j shortWeight[c, j] · u[c, t + j];  gate = s of the first third, value = product of the others.
struct Params {
  channelCount: u32,
  length: u32,
  taps: u32,
  zeroCount: u32, // u at columns before this is taken as 0: nothing comes before the sequence
  uStride: u32,
  gateOffset: u32,
  gateStride: u32,
  valueOffset: u32,
  valueStride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> gate: array<f32>; // [channels, length]
@group(0) @binding(2) var<storage, read_write> value: array<f32>; // [channels, length]
@group(0) @binding(3) var<storage, read> u: array<f32>; // [3 channels, length + taps - 1]
@group(0) @binding(4) var<storage, read> shortWeight: array<f32>; // [3 channels, taps]
@group(0) @binding(5) var<storage, read> shortBias: array<f32>; // [3 channels]

fn short(row: u32, t: u32) -> f32 {
  var sum = shortBias[row];
  for (var j = 0u; j < params.taps; j++) {
    if (t + j >= params.zeroCount) {
      sum += shortWeight[row * params.taps + j] * u[row * params.uStride + t + j];
    }
  }
  return sum;
}

@compute @workgroup_size(64)
fn gatedProjection(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let t = (workgroup.x + workgroup.z * grid.x) * 64u + local;
  if (t >= params.length) {
    return;
  }
  let c = workgroup.y;
  gate[params.gateOffset + c * params.gateStride + t] = short(c, t);
  value[params.valueOffset + c * params.valueStride + t] = short(params.channelCount + c, t) * short(2u * params.channelCount + c, t);
}
