// Dense layer: out[o, t] = activation(bias[o] + Σ_i weight[o, i] · norm(input)[i, t]) + residual[o, t].
//
// One workgroup computes a tile of 8·threadsO outputs by 4·threadsT positions; a thread holds 8 outputs of 4 positions in
// registers. Sixteen input channels at a time pass through workgroup memory, laid out so that a step of the inner loop
// is three vector loads for 32 multiply-adds.
struct Params {
  outChannels: u32,
  inChannels: u32,
  length: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  residualOffset: u32,
  residualStride: u32,
}

override threadsT: u32 = 16u;
override threadsO: u32 = 16u;
override hasBias: bool = false;
override hasNorm: bool = false;
override hasGelu: bool = false;
override residualSource: u32 = 0u; // 0: none, 1: residual, 2: the storage of out (in place)

const depth = 16u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [outChannels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [inChannels, length]
@group(0) @binding(3) var<storage, read> weight: array<f32>; // [outChannels, inChannels]
@group(0) @binding(4) var<storage, read> bias: array<f32>; // [outChannels]
@group(0) @binding(5) var<storage, read> statistics: array<f32>; // [2, length]
@group(0) @binding(6) var<storage, read> normWeight: array<f32>; // [inChannels]
@group(0) @binding(7) var<storage, read> normBias: array<f32>; // [inChannels]
@group(0) @binding(8) var<storage, read> residual: array<f32>; // [outChannels, length]

var<workgroup> weightTile: array<vec4f, depth * threadsO * 2u>; // [depth][8 threadsO outputs]
var<workgroup> inputTile: array<vec4f, depth * threadsT>; // [depth][4 threadsT positions]

fn loadInput(i: u32, t: u32) -> f32 {
  if (i >= params.inChannels || t >= params.length) {
    return 0.0;
  }
  var x = input[params.inputOffset + i * params.inputStride + t];
  if (hasNorm) {
    x = (x - statistics[t]) * statistics[params.length + t] * normWeight[i] + normBias[i];
  }
  return x;
}

fn loadWeight(o: u32, i: u32) -> f32 {
  if (o >= params.outChannels || i >= params.inChannels) {
    return 0.0;
  }
  return weight[o * params.inChannels + i];
}

// The tanh form, x/2 · (1 + tanh u) = x / (1 + exp(-2u)); the exponent is held where exp stays finite.
fn gelu(x: f32) -> f32 {
  let u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
  return x / (1.0 + exp(clamp(-2.0 * u, -80.0, 80.0)));
}

@compute @workgroup_size(threadsT, threadsO)
fn linear(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let t0 = (workgroup.x + workgroup.z * grid.x) * threadsT * 4u;
  let o0 = workgroup.y * threadsO * 8u;
  let threads = threadsT * threadsO;
  var sums: array<vec4f, 8>;
  for (var i0 = 0u; i0 < params.inChannels; i0 += depth) {
    for (var e = lane; e < depth * threadsO * 2u; e += threads) {
      let i = i0 + e % depth;
      let quad = e / depth;
      let o = o0 + quad * 4u;
      weightTile[(e % depth) * threadsO * 2u + quad] = vec4f(loadWeight(o, i), loadWeight(o + 1u, i), loadWeight(o + 2u, i), loadWeight(o + 3u, i));
    }
    for (var e = lane; e < depth * threadsT; e += threads) {
      let i = i0 + e / threadsT;
      let t = t0 + (e % threadsT) * 4u;
      inputTile[e] = vec4f(loadInput(i, t), loadInput(i, t + 1u), loadInput(i, t + 2u), loadInput(i, t + 3u));
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
    var y = sums[r];
    if (hasBias) {
      y += bias[o];
    }
    if (hasGelu) {
      y = vec4f(gelu(y.x), gelu(y.y), gelu(y.z), gelu(y.w));
    }
    for (var q = 0u; q < 4u; q++) {
      let t = t0 + local.x * 4u + q;
      if (t >= params.length) {
        break;
      }
      var value = y[q];
      if (residualSource == 1u) {
        value += residual[params.residualOffset + o * params.residualStride + t];
      } else if (residualSource == 2u) {
        value += out[params.residualOffset + o * params.residualStride + t];
      }
      out[params.outOffset + o * params.outStride + t] = value;
    }
  }
}
