// The product Σ_k weight[o, k] · input[k, t] by threads that hold 8 outputs of 4 positions each in registers.
//
// One workgroup computes a tile of 8·threadsO outputs by 4·threadsT positions. Sixteen terms at a time pass through workgroup
// memory, laid out so that a step of the inner loop is three vector loads for 32 multiply-adds.

// import product-weights.lib.wgsl

override threadsT: u32 = 16u;
override threadsO: u32 = 16u;

const depth = 16u;

// End of a loop over registers, written out by scripts/generate.mjs.
fn upTo(count: u32) -> u32 {
  return count;
}

var<workgroup> weightTile: array<vec4f, depth * threadsO * 2u>; // [depth][8 threadsO outputs]
var<workgroup> inputTile: array<vec4f, depth * threadsT>; // [depth][4 threadsT positions]

@compute @workgroup_size(threadsT, threadsO)
fn product(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let t0 = (workgroup.x + workgroup.z * grid.x) * threadsT * 4u;
  let o0 = workgroup.y * threadsO * 8u;
  let threads = threadsT * threadsO;
  let count = depthOf();
  var sums: array<vec4f, 8>;
  for (var k0 = 0u; k0 < count; k0 += depth) {
    for (var e = lane; e < depth * threadsO * 2u; e += threads) {
      let k = k0 + e % depth;
      let quad = e / depth;
      let o = o0 + quad * 4u;
      weightTile[(e % depth) * threadsO * 2u + quad] =
        vec4f(f32(weightAt(o, k)), f32(weightAt(o + 1u, k)), f32(weightAt(o + 2u, k)), f32(weightAt(o + 3u, k)));
    }
    for (var e = lane; e < depth * threadsT; e += threads) {
      let k = k0 + e / threadsT;
      let t = t0 + (e % threadsT) * 4u;
      inputTile[e] = vec4f(inputAt(k, t), inputAt(k, t + 1u), inputAt(k, t + 2u), inputAt(k, t + 3u));
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let x = inputTile[k * threadsT + local.x];
      let a = weightTile[k * threadsO * 2u + local.y * 2u];
      let b = weightTile[k * threadsO * 2u + local.y * 2u + 1u];
      sums[0] += a.x * x;
      sums[1] += a.y * x;
      sums[2] += a.z * x;
      sums[3] += a.w * x;
      sums[4] += b.x * x;
      sums[5] += b.y * x;
      sums[6] += b.z * x;
      sums[7] += b.w * x;
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < upTo(8u); r++) {
    let o = o0 + local.y * 8u + r;
    if (o < params.outChannels) {
      let y = sums[r] * weightFactor(o);
      for (var q = 0u; q < upTo(4u); q++) {
        let t = t0 + local.x * 4u + q;
        if (t < params.length) {
          finish(o, t, y[q]);
        }
      }
    }
  }
}
