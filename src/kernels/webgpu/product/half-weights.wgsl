// Weights as f16: each output's row divided by a power of two that its largest value decides, the exponents behind all rows.
struct Params {
  rows: u32,
  rowLength: u32,
}

// import stored.lib.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> half: array<stored>; // [rows, rowLength], then [rows]
@group(0) @binding(2) var<storage, read> weight: array<f32>; // [rows, rowLength]

var<workgroup> largest: array<f32, 64>;

@compute @workgroup_size(64)
fn halfWeights(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = workgroup.x + workgroup.z * grid.x;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.rowLength;
  var mine = 0.0;
  for (var i = local; i < params.rowLength; i += 64u) {
    mine = max(mine, abs(weight[first + i]));
  }
  largest[local] = mine;
  workgroupBarrier();
  for (var i = 0u; i < 64u; i++) {
    mine = max(mine, largest[i]);
  }
  let exponent = exponentFor(mine);
  for (var i = local; i < params.rowLength; i += 64u) {
    half[first + i] = stored(weight[first + i] * power(-exponent));
  }
  if (local == 0u) {
    half[params.rows * params.rowLength + row] = stored(exponent);
  }
}
