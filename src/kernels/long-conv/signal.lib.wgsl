// The operands of a long convolution: the signal x = pre · input after its history and zeros, and what becomes of an output.

override hasPre: bool = false;
override hasSkip: bool = false;
override postSource: u32 = 0u; // 0: none, 1: post, 2: the storage of out (in place)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, inputLength], or taps
@group(0) @binding(3) var<storage, read> history: array<f32>; // [channels, historyLength]
@group(0) @binding(4) var<storage, read> pre: array<f32>; // [channels, inputLength]
@group(0) @binding(5) var<storage, read> post: array<f32>; // [channels, length]
@group(0) @binding(6) var<storage, read> skip: array<f32>; // [channels]

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

// out[c, t] from the convolution's value there.
fn finish(c: u32, t: u32, value: f32) {
  var y = value;
  if (hasSkip) {
    y += skip[params.skipOffset + c] * x(c, i32(t) + params.inputShift);
  }
  if (postSource == 1u) {
    y *= post[params.postOffset + c * params.postStride + t];
  } else if (postSource == 2u) {
    y *= out[params.postOffset + c * params.postStride + t];
  }
  out[params.outOffset + c * params.outStride + t] = y;
}

fn tileOf(workgroup: vec3u, grid: vec3u) -> u32 {
  return workgroup.x + workgroup.z * grid.x;
}
