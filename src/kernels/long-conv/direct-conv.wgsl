// Depthwise convolution by its definition, for short filters: with x = pre · input after `history` and zeros,
// out[c, t] = post[c, t] · (Σ_j taps[c, j] · x[c, t + center - j] + skip[c] · x[c, t + inputShift]), center = inputShift + centerTap.
// A workgroup takes 256 positions of a channel; 64 taps at a time and the inputs they meet pass through workgroup memory.
struct Params {
  length: u32,
  filterLength: u32,
  inputLength: u32,
  historyLength: u32,
  inputShift: i32,
  center: i32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  historyOffset: u32,
  historyStride: u32,
  preOffset: u32,
  preStride: u32,
  postOffset: u32,
  postStride: u32,
  skipOffset: u32,
  tapsOffset: u32,
  tapsStride: u32,
}

// import signal.lib.wgsl

const tileLength = 256u;
const tapsPerStep = 64u;
const window = tileLength + tapsPerStep; // one more than needed

@group(0) @binding(7) var<storage, read> taps: array<f32>; // [channels, filterLength]

// End of a loop over registers, written out by scripts/generate.mjs.
fn upTo(count: u32) -> u32 {
  return count;
}

var<workgroup> tapTile: array<f32, tapsPerStep>;
var<workgroup> inputTile: array<f32, window>;

@compute @workgroup_size(64)
fn directConv(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let c = workgroup.y;
  let t0 = tileOf(workgroup, grid) * tileLength;
  var sums: array<f32, 4>;
  for (var j0 = 0u; j0 < params.filterLength; j0 += tapsPerStep) {
    // inputTile[e] is x at t0 + center - (j0 + 63) + e, so that position p and tap j0 + j meet at e = p + 63 - j.
    let first = i32(t0) + params.center - i32(j0 + tapsPerStep - 1u);
    let j = j0 + local;
    tapTile[local] = select(0.0, taps[params.tapsOffset + c * params.tapsStride + min(j, params.filterLength - 1u)], j < params.filterLength);
    for (var e = local; e < window; e += 64u) {
      inputTile[e] = x(c, first + i32(e));
    }
    workgroupBarrier();
    for (var k = 0u; k < tapsPerStep; k++) {
      let tap = tapTile[k];
      let at = local + tapsPerStep - 1u - k;
      sums[0] += tap * inputTile[at];
      sums[1] += tap * inputTile[at + 64u];
      sums[2] += tap * inputTile[at + 128u];
      sums[3] += tap * inputTile[at + 192u];
    }
    workgroupBarrier();
  }
  for (var q = 0u; q < upTo(4u); q++) {
    let t = t0 + local + q * 64u;
    if (t < params.length) {
      storeOut(c, t, finished(c, t, sums[q]));
    }
  }
}
