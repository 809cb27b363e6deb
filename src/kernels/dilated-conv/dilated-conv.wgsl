// Dense dilated convolution as a matrix product over (input channel, tap):
// out[o, t] = leakyIf(bias[o] + Σ_i Σ_j weight[o, i, j] · a[i, t + j · dilation]) + residual[o, t],
// a = leaky(scale · input + shift) or input. Tiles and registers as in linear.wgsl.
struct Params {
  outChannels: u32,
  inChannels: u32,
  length: u32,
  width: u32,
  dilation: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  residualOffset: u32,
  residualStride: u32,
}

override threadsT: u32 = 64u;
override threadsO: u32 = 4u;
override hasBefore: bool = false;
override hasAfter: bool = false;
override residualSource: u32 = 0u; // 0: none, 1: residual, 2: the storage of out (in place)

const depth = 16u;
const leakySlope = 0.1;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [outChannels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [inChannels, length + (width - 1) dilation]
@group(0) @binding(3) var<storage, read> weight: array<f32>; // [outChannels, inChannels, width]
@group(0) @binding(4) var<storage, read> bias: array<f32>; // [outChannels]
@group(0) @binding(5) var<storage, read> scale: array<f32>; // [inChannels]
@group(0) @binding(6) var<storage, read> shift: array<f32>; // [inChannels]
@group(0) @binding(7) var<storage, read> residual: array<f32>; // [outChannels, length]

var<workgroup> weightTile: array<vec4f, depth * threadsO * 2u>; // [depth][8 threadsO outputs]
var<workgroup> inputTile: array<vec4f, depth * threadsT>; // [depth][4 threadsT positions]

fn leaky(x: f32) -> f32 {
  return select(leakySlope * x, x, x > 0.0);
}

fn loadInput(row: u32, i: u32, t: u32, end: u32) -> f32 {
  if (t >= end) {
    return 0.0;
  }
  let x = input[row + t];
  if (hasBefore) {
    return leaky(x * scale[i] + shift[i]);
  }
  return x;
}

fn loadWeight(o: u32, k: u32, count: u32) -> f32 {
  if (o >= params.outChannels || k >= count) {
    return 0.0;
  }
  return weight[o * count + k];
}

@compute @workgroup_size(threadsT, threadsO)
fn dilatedConv(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let t0 = (workgroup.x + workgroup.z * grid.x) * threadsT * 4u;
  let o0 = workgroup.y * threadsO * 8u;
  let threads = threadsT * threadsO;
  let count = params.inChannels * params.width;
  let inputLength = params.length + (params.width - 1u) * params.dilation;
  var sums: array<vec4f, 8>;
  for (var k0 = 0u; k0 < count; k0 += depth) {
    for (var e = lane; e < depth * threadsO * 2u; e += threads) {
      let k = k0 + e % depth;
      let quad = e / depth;
      let o = o0 + quad * 4u;
      weightTile[(e % depth) * threadsO * 2u + quad] =
        vec4f(loadWeight(o, k, count), loadWeight(o + 1u, k, count), loadWeight(o + 2u, k, count), loadWeight(o + 3u, k, count));
    }
    for (var e = lane; e < depth * threadsT; e += threads) {
      let k = k0 + e / threadsT;
      let i = k / params.width;
      let t = t0 + (e % threadsT) * 4u + (k % params.width) * params.dilation;
      let row = params.inputOffset + i * params.inputStride;
      let end = select(0u, inputLength, i < params.inChannels);
      inputTile[e] = vec4f(loadInput(row, i, t, end), loadInput(row, i, t + 1u, end), loadInput(row, i, t + 2u, end), loadInput(row, i, t + 3u, end));
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
  for (var r = 0u; r < 8u; r++) {
    let o = o0 + local.y * 8u + r;
    if (o >= params.outChannels) {
      break;
    }
    let y = sums[r] + bias[o];
    for (var q = 0u; q < 4u; q++) {
      let t = t0 + local.x * 4u + q;
      if (t >= params.length) {
        break;
      }
      var value = y[q];
      if (hasAfter) {
        value = leaky(value);
      }
      if (residualSource == 1u) {
        value += residual[params.residualOffset + o * params.residualStride + t];
      } else if (residualSource == 2u) {
        value += out[params.residualOffset + o * params.residualStride + t];
      }
      out[params.outOffset + o * params.outStride + t] = value;
    }
  }
}
