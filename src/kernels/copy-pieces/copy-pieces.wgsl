// Stretches of the input, each from a place of its own: out[c, k · stride + t] = input[c, starts[k] + shift + t], 0 outside.
struct Params {
  count: u32,
  length: u32, // of a piece
  stride: u32,
  shift: i32,
  inputLength: u32,
  startsOffset: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, (count - 1) stride + length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, inputLength]
@group(0) @binding(3) var<storage, read> starts: array<f32>; // [1, count], whole numbers

@compute @workgroup_size(64)
fn copyPieces(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.z * grid.x) * 64u + local;
  let k = i / params.length;
  if (k >= params.count) {
    return;
  }
  let t = i % params.length;
  let at = i32(starts[params.startsOffset + k]) + params.shift + i32(t);
  var value = 0.0;
  if (at >= 0 && at < i32(params.inputLength)) {
    value = input[params.inputOffset + workgroup.y * params.inputStride + u32(at)];
  }
  out[params.outOffset + workgroup.y * params.outStride + k * params.stride + t] = value;
}
