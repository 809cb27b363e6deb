// The product Σ_k weight[o, k] · input[k, t] on matrix units: f16 weights and inputs, f32 sums. Compiled for the shape matrixM x
// matrixN x matrixK and the subgroup size of the device (prelude.ts). Checked by the compiler only: no device with matrix
// units has run it yet.
//
// A workgroup of 2 x 2 subgroups computes 64 outputs by 64 positions, each subgroup 32 by 32, in steps of 32 terms that pass
// through workgroup memory. Inputs are divided by a power of two that brings the largest of all below 2^15.

// import product-weights.lib.wgsl

const tile = 64u;
const step = 32u;
const subgroupTile = 32u;
const rowCount = subgroupTile / matrixM; // of matrices of outputs
const columnCount = subgroupTile / matrixN; // and of positions
const threads = 4u * subgroupSize;

alias Left = subgroup_matrix_left<f16, matrixK, matrixM>;
alias Right = subgroup_matrix_right<f16, matrixN, matrixK>;
alias Sums = subgroup_matrix_result<f32, matrixN, matrixM>;

var<workgroup> weightTile: array<f16, tile * step>; // [tile outputs][step]
var<workgroup> inputTile: array<f16, step * tile>; // [step][tile positions]
var<workgroup> sumTile: array<f32, subgroupTile * tile>; // [32 outputs][tile positions]

// The workgroup is as wide as a subgroup, so that the rows of threads are the subgroups.
@compute @workgroup_size(subgroupSize, 4)
fn product(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let t0 = (workgroup.x + workgroup.z * grid.x) * tile;
  let o0 = workgroup.y * tile;
  let subgroupO = local.y / 2u;
  let subgroupT = local.y % 2u;
  let exponent = exponentFor(inputRange());
  let count = depthOf();
  var sums: array<Sums, rowCount * columnCount>;
  for (var k0 = 0u; k0 < count; k0 += step) {
    for (var e = lane; e < tile * step; e += threads) {
      weightTile[e] = weightAt(o0 + e / step, k0 + e % step);
      var x = 0.0;
      if (k0 + e / tile < count) {
        x = inputAt(k0 + e / tile, t0 + e % tile);
      }
      inputTile[e] = f16(x * power(-exponent));
    }
    workgroupBarrier();
    for (var k = 0u; k < step; k += matrixK) {
      for (var r = 0u; r < rowCount; r++) {
        let left = subgroupMatrixLoad<Left, row_major>(&weightTile, (subgroupO * subgroupTile + r * matrixM) * step + k, step);
        for (var c = 0u; c < columnCount; c++) {
          let right = subgroupMatrixLoad<Right, row_major>(&inputTile, k * tile + subgroupT * subgroupTile + c * matrixN, tile);
          sums[r * columnCount + c] = subgroupMatrixMultiplyAccumulate(left, right, sums[r * columnCount + c]);
        }
      }
    }
    workgroupBarrier();
  }
  // Half the outputs at a time go through workgroup memory, to threads that know their output and position.
  for (var half = 0u; half < 2u; half++) {
    if (subgroupO == half) {
      for (var r = 0u; r < rowCount; r++) {
        for (var c = 0u; c < columnCount; c++) {
          subgroupMatrixStore<row_major>(&sumTile, r * matrixM * tile + subgroupT * subgroupTile + c * matrixN, sums[r * columnCount + c], tile);
        }
      }
    }
    workgroupBarrier();
    for (var e = lane; e < subgroupTile * tile; e += threads) {
      let o = o0 + half * subgroupTile + e / tile;
      let t = t0 + e % tile;
      if (o < params.outChannels && t < params.length) {
        finish(o, t, sumTile[e] * power(exponent) * weightFactor(o));
      }
    }
    workgroupBarrier();
  }
}
