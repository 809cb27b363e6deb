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
  tapsOffset: u32,
  tapsStride: u32,
}

override hasPre: bool = false;
override hasSkip: bool = false;
override postSource: u32 = 0u; // 0: none, 1: post, 2: the storage of out (in place)

const tileLength = 256u;
const tapsPerStep = 64u;
const window = tileLength + tapsPerStep; // one more than needed

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, inputLength]
@group(0) @binding(3) var<storage, read> history: array<f32>; // [channels, historyLength]
@group(0) @binding(4) var<storage, read> pre: array<f32>; // [channels, inputLength]
@group(0) @binding(5) var<storage, read> post: array<f32>; // [channels, length]
@group(0) @binding(6) var<storage, read> skip: array<f32>; // [channels]
@group(0) @binding(7) var<storage, read> taps: array<f32>; // [channels, filterLength]

var<workgroup> tapTile: array<f32, tapsPerStep>;
var<workgroup> inputTile: array<f32, window>;

fn x(c: u32, i: i32) -> f32 {
  if (i >= i32(params.inputLength)) {
    return 0.0;
  }
  if (i >= 0) {
    let value = input[params.inputOffset + c * params.inputStride + u32(i)];
    if (hasPre) {
      return value * pre[params.preOffset + c * params.preStride + u32(i)];
    }
    return value;
  }
  let past = i + i32(params.historyLength);
  if (past >= 0) {
    return history[params.historyOffset + c * params.historyStride + u32(past)];
  }
  return 0.0;
}

@compute @workgroup_size(64)
fn directConv(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let c = workgroup.y;
  let t0 = (workgroup.x + workgroup.z * grid.x) * tileLength;
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
  for (var q = 0u; q < 4u; q++) {
    let t = t0 + local + q * 64u;
    if (t >= params.length) {
      break;
    }
    var y = sums[q];
    if (hasSkip) {
      y += skip[c] * x(c, i32(t) + params.inputShift);
    }
    if (postSource == 1u) {
      y *= post[params.postOffset + c * params.postStride + t];
    } else if (postSource == 2u) {
      y *= out[params.postOffset + c * params.postStride + t];
    }
    out[params.outOffset + c * params.outStride + t] = y;
  }
}
