// Long convolution by the fast Fourier transform: one dispatch where a block fits a workgroup, three passes beyond.
//
// A real block of 2N points, x, is made N complex ones, z[n] = (x[n] + i x[n + N]) · ω^n with ω = e^{iπ / 2N}: products of
// such transforms are negacyclic convolutions of the real blocks (ω^N = i turns the second half into the imaginary part),
// whose first filterLength - 1 points are wrapped and thrown away (overlap-save). No unpacking, no pairs of segments.
//
// N = outerPoints · innerPoints, n = n1 · innerPoints + n2. Columns: transforms over n1, times e^{-2πi n2 (4 k1 - 1) / 4N} (the
// Monarch twiddle and the n2 part of ω^n together). Rows: transforms over n2, times the spectrum, and back.
//
// A transform of `points` = 16^p · r (r = 1, 2, 4, 8) is done by points / 16 threads that hold 16 values each: p steps of
// radix 16 and one of radix r, decimated in frequency, exchanging through workgroup memory between steps, first the real
// parts, then the imaginary ones. The inverse runs the same steps backwards, so that spectra stay in the order they come.
struct Params {
  length: u32,
  filterLength: u32,
  inputLength: u32,
  historyLength: u32,
  inputShift: i32,
  center: i32, // inputShift + centerTap
  validLength: u32,
  firstSegment: u32,
  segmentCount: u32,
  outerPoints: u32,
  innerPoints: u32,
  keptRows: u32, // of outerPoints: the others are left out (frequency sparsity)
  spectrumChannel: u32, // of `spectra`, where this dispatch's first channel is
  twistTable: u32, // offsets into tables
  coarseTable: u32,
  fineTable: u32,
  fineBits: u32,
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
  longestLoop: u32, // 16: a bound that compilers cannot see, see upTo
  scale: f32,
}

override pointsLog: u32 = 12u; // log2 of the points of one transform, at least 4
override lanes: u32 = 1u; // transforms side by side in a workgroup
override hasPre: bool = false;
override hasSkip: bool = false;
override postSource: u32 = 0u; // 0: none, 1: post, 2: the storage of out (in place)
override unroll: bool = true;
override threads: u32 = (1u << pointsLog) / 16u * lanes;
override steps: u32 = pointsLog / 4u;
override lastLog: u32 = pointsLog % 4u; // log2 of r

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [channels, length]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, inputLength], or taps
@group(0) @binding(3) var<storage, read> history: array<f32>; // [channels, historyLength]
@group(0) @binding(4) var<storage, read> pre: array<f32>; // [channels, inputLength]
@group(0) @binding(5) var<storage, read> post: array<f32>; // [channels, length]
@group(0) @binding(6) var<storage, read> skip: array<f32>; // [channels]
@group(0) @binding(7) var<storage, read> spectra: array<vec2f>; // [channels, keptRows, innerPoints], columns in the order of the transform
@group(0) @binding(8) var<storage, read_write> work: array<vec2f>; // [channels, segments, keptRows, innerPoints]; or spectra
@group(0) @binding(9) var<storage, read> tables: array<vec2f>; // long-conv/tables.webgpu.ts

var<workgroup> exchange: array<f32, (1u << pointsLog) * lanes>;
var<private> v: array<vec2f, 16>;
var<private> lane: u32; // which transform of the workgroup
var<private> thread: u32; // which thread of the transform

// End of a loop over registers. A GPU needs these loops unrolled, so that v becomes registers; a driver that computes on the
// CPU gains nothing by it and compiles many times longer.
fn upTo(count: u32) -> u32 {
  return select(min(count, params.longestLoop), count, unroll);
}

fn times(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

fn timesConjugate(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x + a.y * b.y, a.y * b.x - a.x * b.y);
}

// ---- Transforms of registers; sign 1 is forward, -1 inverse (without the scale).

fn dft2(i: u32, j: u32) {
  let a = v[i];
  v[i] = a + v[j];
  v[j] = a - v[j];
}

fn dft4(first: u32, stride: u32, sign: f32) {
  let v0 = v[first];
  let v1 = v[first + stride];
  let v2 = v[first + 2u * stride];
  let v3 = v[first + 3u * stride];
  let sum02 = v0 + v2;
  let sum13 = v1 + v3;
  let difference02 = v0 - v2;
  let turned13 = sign * vec2f(v1.y - v3.y, v3.x - v1.x);
  v[first] = sum02 + sum13;
  v[first + stride] = difference02 + turned13;
  v[first + 2u * stride] = sum02 - sum13;
  v[first + 3u * stride] = difference02 - turned13;
}

fn turn(i: u32, cosine: f32, sine: f32) {
  v[i] = times(v[i], vec2f(cosine, sine));
}

const cos1 = 0.9238795325112867; // of 1/16 turn
const sin1 = 0.3826834323650898;
const root = 0.7071067811865476;

// e^(-2πi k1 n2 / 16) for value 4 k1 + n2.
const turns16 = array<vec2f, 16>(
  vec2f(1.0, 0.0), vec2f(1.0, 0.0), vec2f(1.0, 0.0), vec2f(1.0, 0.0),
  vec2f(1.0, 0.0), vec2f(cos1, -sin1), vec2f(root, -root), vec2f(sin1, -cos1),
  vec2f(1.0, 0.0), vec2f(root, -root), vec2f(0.0, -1.0), vec2f(-root, -root),
  vec2f(1.0, 0.0), vec2f(sin1, -cos1), vec2f(-root, -root), vec2f(-cos1, sin1),
);

// Frequency q of the 16 stands in value 4 (q % 4) + q / 4 after the forward transform and before the inverse one.
fn digit(index: u32) -> u32 {
  return (index >> 2u) | ((index & 3u) << 2u);
}

fn forward16() {
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(i, 4u, 1.0);
  }
  for (var i = 5u; i < upTo(16u); i++) {
    v[i] = times(v[i], turns16[i]);
  }
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(4u * i, 1u, 1.0);
  }
}

fn inverse16() {
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(4u * i, 1u, -1.0);
  }
  for (var i = 5u; i < upTo(16u); i++) {
    v[i] = timesConjugate(v[i], turns16[i]);
  }
  for (var i = 0u; i < upTo(4u); i++) {
    dft4(i, 4u, -1.0);
  }
}

fn turn8(i: u32, sign: f32) {
  turn(i + 5u, root, -sign * root);
  turn(i + 6u, 0.0, -sign);
  turn(i + 7u, -root, -sign * root);
}

// The last step, radix 2, 4 or 8, over neighbouring registers.
fn forwardLast() {
  if (lastLog == 1u) {
    for (var i = 0u; i < upTo(16u); i += 2u) {
      dft2(i, i + 1u);
    }
  } else if (lastLog == 2u) {
    for (var i = 0u; i < upTo(16u); i += 4u) {
      dft4(i, 1u, 1.0);
    }
  } else if (lastLog == 3u) {
    for (var i = 0u; i < upTo(16u); i += 8u) {
      dft2(i, i + 4u);
      dft2(i + 1u, i + 5u);
      dft2(i + 2u, i + 6u);
      dft2(i + 3u, i + 7u);
      turn8(i, 1.0);
      dft4(i, 1u, 1.0);
      dft4(i + 4u, 1u, 1.0);
    }
  }
}

fn inverseLast() {
  if (lastLog == 1u) {
    for (var i = 0u; i < upTo(16u); i += 2u) {
      dft2(i, i + 1u);
    }
  } else if (lastLog == 2u) {
    for (var i = 0u; i < upTo(16u); i += 4u) {
      dft4(i, 1u, -1.0);
    }
  } else if (lastLog == 3u) {
    for (var i = 0u; i < upTo(16u); i += 8u) {
      dft4(i, 1u, -1.0);
      dft4(i + 4u, 1u, -1.0);
      turn8(i, -1.0);
      dft2(i, i + 4u);
      dft2(i + 1u, i + 5u);
      dft2(i + 2u, i + 6u);
      dft2(i + 3u, i + 7u);
    }
  }
}

// ---- Transforms of a workgroup.

// Where element q of this thread lies when neighbours of a step are 2^strideLog apart.
fn position(strideLog: u32, q: u32) -> u32 {
  return ((thread >> strideLog) << (strideLog + 4u)) + (q << strideLog) + (thread & ((1u << strideLog) - 1u));
}

// In workgroup memory; the low bits are mixed so that threads 16 apart do not meet in one bank.
fn slot(at: u32) -> u32 {
  return (at ^ ((at >> 4u) & 15u)) * lanes + lane;
}

// `byDigit`: register i holds element digit(i), else element i.
fn redistribute(fromLog: u32, fromByDigit: bool, toLog: u32, toByDigit: bool) {
  for (var part = 0u; part < 2u; part++) {
    workgroupBarrier();
    for (var i = 0u; i < upTo(16u); i++) {
      exchange[slot(position(fromLog, select(i, digit(i), fromByDigit)))] = select(v[i].x, v[i].y, part == 1u);
    }
    workgroupBarrier();
    for (var i = 0u; i < upTo(16u); i++) {
      let value = exchange[slot(position(toLog, select(i, digit(i), toByDigit)))];
      if (part == 0u) {
        v[i].x = value;
      } else {
        v[i].y = value;
      }
    }
  }
}

// Before: register i holds element position(pointsLog - 4, i). After: what lastPosition and frequency say.
fn forward() {
  var table = 0u;
  for (var step = 1u; step <= steps; step++) {
    let strideLog = pointsLog - 4u * step;
    forward16();
    if (strideLog > 0u) {
      for (var i = 1u; i < upTo(16u); i++) {
        v[i] = times(v[i], tables[table + (digit(i) << strideLog) + (thread & ((1u << strideLog) - 1u))]);
      }
      table += 16u << strideLog;
      redistribute(strideLog, true, max(strideLog, 4u) - 4u, false);
    }
  }
  forwardLast();
}

fn inverse() {
  inverseLast();
  var table = 0u;
  for (var step = 1u; step < steps; step++) {
    table += 16u << (pointsLog - 4u * step);
  }
  for (var step = steps; step >= 1u; step--) {
    let strideLog = pointsLog - 4u * step;
    if (strideLog > 0u) {
      redistribute(max(strideLog, 4u) - 4u, false, strideLog, true);
      for (var i = 1u; i < upTo(16u); i++) {
        v[i] = timesConjugate(v[i], tables[table + (digit(i) << strideLog) + (thread & ((1u << strideLog) - 1u))]);
      }
    }
    inverse16();
    table -= select(0u, 16u << (strideLog + 4u), step > 1u);
  }
}

// Storage order of register i of this thread after forward().
fn lastPosition(i: u32) -> u32 {
  return thread * 16u + select(i, digit(i), lastLog == 0u);
}

// The frequency that stands at a storage position: its digits in reverse.
fn frequency(at: u32) -> u32 {
  var k = 0u;
  for (var step = 1u; step <= steps; step++) {
    k |= ((at >> (pointsLog - 4u * step)) & 15u) << (4u * (step - 1u));
  }
  var last = at & ((1u << lastLog) - 1u);
  if (lastLog == 3u) {
    last = (last >> 2u) | ((last & 3u) << 1u);
  }
  return k | (last << (4u * steps));
}

// ---- The signal.

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

// Point n = n1 · innerPoints + n2 of a segment's block, twisted by the n1 part of ω^n.
fn load(c: u32, segment: u32, n1: u32, n2: u32) -> vec2f {
  let n = n1 * params.innerPoints + n2;
  let at = i32(segment * params.validLength) + params.center - i32(params.filterLength - 1u) + i32(n);
  let half = i32(params.outerPoints * params.innerPoints);
  return times(vec2f(x(c, at), x(c, at + half)), tables[params.twistTable + n1]);
}

fn storeOne(c: u32, segment: u32, m: u32, value: f32) {
  let wrapped = params.filterLength - 1u;
  if (m < wrapped || m - wrapped >= params.validLength) {
    return;
  }
  let t = segment * params.validLength + m - wrapped;
  if (t >= params.length) {
    return;
  }
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

fn store(c: u32, segment: u32, n1: u32, n2: u32, value: vec2f) {
  let y = timesConjugate(value, tables[params.twistTable + n1]);
  let n = n1 * params.innerPoints + n2;
  storeOne(c, segment, n, y.x);
  storeOne(c, segment, n + params.outerPoints * params.innerPoints, y.y);
}

// e^{-2πi n2 (4 k1 - 1) / 4N} from a coarse and a fine table.
fn outerTwiddle(n2: u32, k1: u32) -> vec2f {
  let angle = (n2 * (4u * k1) - n2) & (4u * params.outerPoints * params.innerPoints - 1u);
  return times(tables[params.coarseTable + (angle >> params.fineBits)], tables[params.fineTable + (angle & ((1u << params.fineBits) - 1u))]);
}

fn workAt(c: u32, segment: u32, row: u32, column: u32) -> u32 {
  return ((c * params.segmentCount + segment) * params.keptRows + row) * params.innerPoints + column;
}

// Frequency k1 stands in row -k1 modulo outerPoints: so plans name the rows to keep (plan.ts, keptBlocks), from the other sign.
fn rowOf(k1: u32) -> u32 {
  return (params.outerPoints - k1) & (params.outerPoints - 1u);
}

fn begin(local: u32) {
  lane = local % lanes;
  thread = local / lanes;
}

fn tileOf(workgroup: vec3u, grid: vec3u) -> u32 {
  return workgroup.x + workgroup.z * grid.x;
}

// ---- Entry points. A block that fits a workgroup is the outer transform alone: outerPoints = points, innerPoints = 1.

@compute @workgroup_size(threads)
fn fusedConv(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let c = workgroup.y;
  let segment = params.firstSegment + tileOf(workgroup, grid);
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = load(c, segment, position(pointsLog - 4u, i), 0u);
  }
  forward();
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = times(v[i], spectra[((params.spectrumChannel + c) << pointsLog) + i * threads + local]);
  }
  inverse();
  for (var i = 0u; i < upTo(16u); i++) {
    store(c, segment, position(pointsLog - 4u, i), 0u, v[i]);
  }
}

@compute @workgroup_size(threads)
fn fusedSpectrum(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = load(workgroup.y, 0u, position(pointsLog - 4u, i), 0u);
  }
  forward();
  for (var i = 0u; i < upTo(16u); i++) {
    work[((params.spectrumChannel + workgroup.y) << pointsLog) + i * threads + local] = v[i] * params.scale;
  }
}

@compute @workgroup_size(threads)
fn columnsForward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let c = workgroup.y;
  let columnTiles = params.innerPoints / lanes;
  let tile = tileOf(workgroup, grid);
  let segment = tile / columnTiles;
  let n2 = (tile % columnTiles) * lanes + lane;
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = load(c, params.firstSegment + segment, position(pointsLog - 4u, i), n2);
  }
  forward();
  if (segment < params.segmentCount) {
    for (var i = 0u; i < upTo(16u); i++) {
      let k1 = frequency(lastPosition(i));
      let row = rowOf(k1);
      if (row < params.keptRows) {
        work[workAt(c, segment, row, n2)] = times(v[i], outerTwiddle(n2, k1));
      }
    }
  }
}

@compute @workgroup_size(threads)
fn columnsInverse(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let c = workgroup.y;
  let columnTiles = params.innerPoints / lanes;
  let tile = tileOf(workgroup, grid);
  let segment = tile / columnTiles;
  let n2 = (tile % columnTiles) * lanes + lane;
  for (var i = 0u; i < upTo(16u); i++) {
    let k1 = frequency(lastPosition(i));
    let row = rowOf(k1);
    v[i] = vec2f(0.0, 0.0);
    if (row < params.keptRows) {
      v[i] = timesConjugate(work[workAt(c, segment, row, n2)], outerTwiddle(n2, k1));
    }
  }
  inverse();
  if (segment < params.segmentCount) {
    for (var i = 0u; i < upTo(16u); i++) {
      store(c, params.firstSegment + segment, position(pointsLog - 4u, i), n2, v[i]);
    }
  }
}

@compute @workgroup_size(threads)
fn rowsConv(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let tile = tileOf(workgroup, grid);
  let segment = tile / params.keptRows;
  let row = tile % params.keptRows;
  let first = workAt(workgroup.y, segment, row, 0u);
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = work[first + position(pointsLog - 4u, i)];
  }
  forward();
  let spectrum = ((params.spectrumChannel + workgroup.y) * params.keptRows + row) << pointsLog;
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = times(v[i], spectra[spectrum + i * threads + local]);
  }
  inverse();
  if (segment < params.segmentCount) {
    for (var i = 0u; i < upTo(16u); i++) {
      work[first + position(pointsLog - 4u, i)] = v[i];
    }
  }
}

// In place: the rows of a filter's first half transformed become its spectrum.
@compute @workgroup_size(threads)
fn rowsSpectrum(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let row = tileOf(workgroup, grid);
  let first = (workgroup.y * params.keptRows + row) << pointsLog;
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = work[first + position(pointsLog - 4u, i)];
  }
  forward();
  if (row < params.keptRows) {
    for (var i = 0u; i < upTo(16u); i++) {
      work[first + i * threads + local] = v[i] * params.scale;
    }
  }
}
