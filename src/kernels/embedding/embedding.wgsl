// Table lookup: out[c, t] = table[codes[t], c]. A workgroup takes 64 positions and 4 channels at a time.
struct Params {
  channelCount: u32,
  length: u32,
  outOffset: u32,
  outStride: u32,
  codesOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length]
@group(0) @binding(2) var<storage, read> codes: array<f32>; // [1, length], whole numbers
@group(0) @binding(3) var<storage, read> table: array<f32>; // [rows, channels]

@compute @workgroup_size(64, 4)
fn embedding(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let t = (workgroup.x + workgroup.z * grid.x) * 64u + local.x;
  if (t >= params.length) {
    return;
  }
  let row = u32(codes[params.codesOffset + t]) * params.channelCount;
  for (var c = local.y; c < params.channelCount; c += 4u) {
    out[params.outOffset + c * params.outStride + t] = table[row + c];
  }
}
