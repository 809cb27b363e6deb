// What a dilated convolution multiplies, as a matrix product over (input channel, tap), and what becomes of the sums:
// out[o, t] = leakyIf(bias[o] + Σ_i Σ_j weight[o, i, j] · a[i, t + j · dilation]) + residual[o, t],
// a = leaky(scale · input + shift) or input. The products are those of ../webgpu/product.
struct Params {
  outChannels: u32,
  inChannels: u32,
  length: u32, // of all pieces together
  pieceLength: u32,
  pieceStride: u32,
  width: u32,
  dilation: u32,
  outOffset: u32,
  outStride: u32,
  inputOffset: u32,
  inputStride: u32,
  residualOffset: u32,
  residualStride: u32,
}

override hasBefore: bool = false;
override hasAfter: bool = false;
override leakySlope: f32 = 0.1;
override hasPieces: bool = false;
override residualSource: u32 = 0u; // 0: none, 1: residual, 2: the storage of out (in place)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [outChannels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [inChannels, length + (width - 1) dilation]
@group(0) @binding(3) var<storage, read> weight: array<stored>; // [outChannels, inChannels, width]; f16: then an exponent for each output
@group(0) @binding(4) var<storage, read> bias: array<f32>; // [outChannels]
@group(0) @binding(5) var<storage, read> scale: array<f32>; // [inChannels]
@group(0) @binding(6) var<storage, read> shift: array<f32>; // [inChannels]
@group(0) @binding(7) var<storage, read> residual: array<f32>; // [outChannels, length]
@group(0) @binding(8) var<storage, read> largest: array<f32>; // matrices: of the input

fn leaky(x: f32) -> f32 {
  return select(leakySlope * x, x, x > 0.0);
}

fn depthOf() -> u32 {
  return params.inChannels * params.width;
}

// Where the result with number t of all pieces stands in a row.
fn positionOf(t: u32) -> u32 {
  if (hasPieces) {
    return (t / params.pieceLength) * params.pieceStride + t % params.pieceLength;
  }
  return t;
}

fn span() -> u32 {
  return (params.width - 1u) * params.dilation;
}

fn operandShape() -> vec2u {
  return vec2u(params.inChannels, (params.length / params.pieceLength) * (params.pieceLength + span()));
}

// What is read of all pieces, numbered through.
fn operand(i: u32, t: u32) -> f32 {
  let length = params.pieceLength + span();
  return valueAt(i, (t / length) * params.pieceStride + t % length);
}

fn valueAt(i: u32, position: u32) -> f32 {
  let x = input[params.inputOffset + i * params.inputStride + position];
  if (hasBefore) {
    return leaky(x * scale[i] + shift[i]);
  }
  return x;
}

fn inputAt(k: u32, t: u32) -> f32 {
  let i = k / params.width;
  if (i >= params.inChannels || t >= params.length) {
    return 0.0;
  }
  return valueAt(i, positionOf(t) + (k % params.width) * params.dilation);
}

fn inputRange() -> f32 {
  return largest[0];
}

fn finish(o: u32, t: u32, sum: f32) {
  let position = positionOf(t);
  var value = sum + bias[o];
  if (hasAfter) {
    value = leaky(value);
  }
  if (residualSource == 1u) {
    value += residual[params.residualOffset + o * params.residualStride + position];
  } else if (residualSource == 2u) {
    value += out[params.residualOffset + o * params.residualStride + position];
  }
  out[params.outOffset + o * params.outStride + position] = value;
}
