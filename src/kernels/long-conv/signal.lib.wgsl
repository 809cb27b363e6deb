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

// x at a position of the input.
fn inside(c: u32, i: u32) -> f32 {
  let value = input[params.inputOffset + c * params.inputStride + i];
  if (hasPre) {
    return value * pre[params.preOffset + c * params.preStride + i];
  }
  return value;
}

// Without branches: this text stands many times in a transform.
fn x(c: u32, i: i32) -> f32 {
  let value = inside(c, u32(clamp(i, 0, i32(params.inputLength) - 1)));
  let past = clamp(i + i32(params.historyLength), 0, max(i32(params.historyLength), 1) - 1);
  let before = history[params.historyOffset + c * params.historyStride + u32(past)];
  let isBefore = i < 0 && i >= -i32(params.historyLength);
  return select(select(0.0, before, isBefore), value, i >= 0 && i < i32(params.inputLength));
}

// What is stored at out[c, t], from the convolution's value there.
fn finished(c: u32, t: u32, value: f32) -> f32 {
  if (hasSkip) {
    return gated(c, t, value + skip[params.skipOffset + c] * x(c, i32(t) + params.inputShift));
  }
  return gated(c, t, value);
}

fn gated(c: u32, t: u32, value: f32) -> f32 {
  if (postSource == 1u) {
    return value * post[params.postOffset + c * params.postStride + t];
  }
  if (postSource == 2u) {
    return value * out[params.postOffset + c * params.postStride + t];
  }
  return value;
}

fn storeOut(c: u32, t: u32, value: f32) {
  out[params.outOffset + c * params.outStride + t] = value;
}

fn tileOf(workgroup: vec3u, grid: vec3u) -> u32 {
  return workgroup.x + workgroup.z * grid.x;
}
