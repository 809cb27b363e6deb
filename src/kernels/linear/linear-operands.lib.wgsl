// What a dense layer multiplies and what becomes of the sums, for the products of product-registers.lib.wgsl and
// product-matrix.lib.wgsl: out[o, t] = activation(bias[o] + Σ_i weight[o, i] · norm(input)[i, t]) + residual[o, t].
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
  statisticsStart: u32,
  statisticsLength: u32,
}

override hasBias: bool = false;
override hasNorm: bool = false;
override hasGelu: bool = false;
override residualSource: u32 = 0u; // 0: none, 1: residual, 2: the storage of out (in place)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [outChannels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [inChannels, length]
@group(0) @binding(3) var<storage, read> weight: array<stored>; // [outChannels, inChannels]; f16: then an exponent for each output
@group(0) @binding(4) var<storage, read> bias: array<f32>; // [outChannels]
@group(0) @binding(5) var<storage, read> statistics: array<f32>; // [2, statisticsLength] where there is a norm, the input's first position at statisticsStart; matrices: then the input's range
@group(0) @binding(6) var<storage, read> normWeight: array<f32>; // [inChannels]
@group(0) @binding(7) var<storage, read> normBias: array<f32>; // [inChannels]
@group(0) @binding(8) var<storage, read> residual: array<f32>; // [outChannels, length]

// Terms of one sum.
fn depthOf() -> u32 {
  return params.inChannels;
}

// Channels and positions of the input, for its range.
fn operandShape() -> vec2u {
  return vec2u(params.inChannels, params.length);
}

fn operand(i: u32, t: u32) -> f32 {
  if (i >= params.inChannels || t >= params.length) {
    return 0.0;
  }
  var x = input[params.inputOffset + i * params.inputStride + t];
  if (hasNorm) {
    x = (x - statistics[params.statisticsStart + t]) * statistics[params.statisticsLength + params.statisticsStart + t] * normWeight[i] + normBias[i];
  }
  return x;
}

fn inputAt(k: u32, t: u32) -> f32 {
  return operand(k, t);
}

// The largest absolute value of the input.
fn inputRange() -> f32 {
  return statistics[select(0u, 2u * params.statisticsLength, hasNorm)];
}

// The tanh form, x/2 · (1 + tanh u) = x / (1 + exp(-2u)); the exponent is held where exp stays finite.
fn gelu(x: f32) -> f32 {
  let u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
  return x / (1.0 + exp(clamp(-2.0 * u, -80.0, 80.0)));
}

fn finish(o: u32, t: u32, sum: f32) {
  var value = sum;
  if (hasBias) {
    value += bias[o];
  }
  if (hasGelu) {
    value = gelu(value);
  }
  if (residualSource == 1u) {
    value += residual[params.residualOffset + o * params.residualStride + t];
  } else if (residualSource == 2u) {
    value += out[params.residualOffset + o * params.residualStride + t];
  }
  out[params.outOffset + o * params.outStride + t] = value;
}
