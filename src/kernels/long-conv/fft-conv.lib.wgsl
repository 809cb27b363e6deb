// Long convolution by the fast Fourier transform (fft-conv.wgsl, fft-conv-parts.wgsl): one dispatch where a block fits a workgroup, three passes beyond.
//
// A real block of 2N points, x, is made N complex ones, z[n] = (x[n] + i x[n + N]) · ω^n with ω = e^{iπ / 2N}: products of
// such transforms are negacyclic convolutions of the real blocks (ω^N = i turns the second half into the imaginary part),
// whose first filterLength - 1 points are wrapped and thrown away (overlap-save). No unpacking, no pairs of segments.
//
// N = outerPoints · innerPoints, n = n1 · innerPoints + n2. Columns: transforms over n1, times e^{-2πi n2 (4 k1 - 1) / 4N} (the
// Monarch twiddle and the n2 part of ω^n together). Rows: transforms over n2, times the spectrum, and back.
//
// A transform of `points` = 16^p · r (r = 1, 2, 4, 8) is done by points / 16 threads that hold 16 values each: p steps of
// radix 16 and one of radix r, decimated in frequency, exchanging through workgroup memory between steps. The inverse runs the
// same steps backwards, so that spectra stay in the order they come.
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
  coarseTable: u32, // offsets into tables
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
  blockStride: u32, // of a block in work and of a channel in spectra: its values, then exponents where they are f16
  columnExponents: u32, // within a block: of each tile of columnLanes columns, before the rows are transformed
  rowExponents: u32, // within a block: of each row, afterwards
  columnLanes: u32,
  scale: f32,
}

// import signal.lib.wgsl
// import fft-registers.lib.wgsl
// import fft-workgroup.lib.wgsl
// import fft-storage.lib.wgsl

@group(0) @binding(9) var<storage, read> tables: array<vec2f>; // long-conv/tables.webgpu.ts

// ω^n of register i at this thread's first point: e^(iπ i / 32). The thread's own part stands in the first step's twiddles.
const twists = array<vec2f, 16>(
  vec2f(1.0, 0.0), vec2f(0.9951847266721969, 0.0980171403295606), vec2f(0.9807852804032304, 0.19509032201612825), vec2f(0.9569403357322088, 0.29028467725446233),
  vec2f(0.9238795325112867, 0.3826834323650898), vec2f(0.881921264348355, 0.47139673682599764), vec2f(0.8314696123025452, 0.5555702330196022), vec2f(0.773010453362737, 0.6343932841636455),
  vec2f(0.7071067811865476, 0.7071067811865475), vec2f(0.6343932841636455, 0.773010453362737), vec2f(0.5555702330196023, 0.8314696123025452), vec2f(0.4713967368259978, 0.8819212643483549),
  vec2f(0.38268343236508984, 0.9238795325112867), vec2f(0.29028467725446233, 0.9569403357322089), vec2f(0.19509032201612833, 0.9807852804032304), vec2f(0.09801714032956077, 0.9951847266721968),
);

// Register i: point n = position · innerPoints + n2 of a segment's block, twisted by the register's part of ω^n.
fn loadBlock(c: u32, segment: u32, n2: u32) {
  let strideLog = pointsLog - 4u;
  let half = params.outerPoints * params.innerPoints;
  let first = i32(segment * params.validLength) + params.center - i32(params.filterLength - 1u);
  let at = first + i32(position(strideLog, 0u) * params.innerPoints + n2);
  let step = params.innerPoints << strideLog;
  if (first >= 0 && first + i32(2u * half) <= i32(params.inputLength)) {
    for (var i = 0u; i < upTo(16u); i++) {
      v[i] = vec2f(inside(c, u32(at) + i * step), inside(c, u32(at) + i * step + half));
    }
  } else {
    for (var i = 0u; i < upTo(16u); i++) {
      v[i].x = x(c, at + i32(i * step));
    }
    for (var i = 0u; i < upTo(16u); i++) {
      v[i].y = x(c, at + i32(i * step + half));
    }
  }
  for (var i = 1u; i < upTo(16u); i++) {
    v[i] = times(v[i], twists[i]);
  }
}

// The other way: what is valid of a segment's block becomes output.
fn storeBlock(c: u32, segment: u32, n2: u32) {
  let strideLog = pointsLog - 4u;
  let half = params.outerPoints * params.innerPoints;
  let wrapped = params.filterLength - 1u;
  let first = segment * params.validLength;
  let at = position(strideLog, 0u) * params.innerPoints + n2 - wrapped; // below 0, and so very large, where it is wrapped
  let step = params.innerPoints << strideLog;
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = timesConjugate(v[i], twists[i]);
  }
  // Operands are read for points that are not wanted too, at a place that exists, so that no read waits for a branch.
  let count = min(params.validLength, max(params.length, first) - first);
  let last = max(count, 1u) - 1u;
  for (var i = 0u; i < upTo(16u); i++) {
    let m = at + i * step;
    v[i] = vec2f(finished(c, first + min(m, last), v[i].x), finished(c, first + min(m + half, last), v[i].y));
  }
  for (var i = 0u; i < upTo(16u); i++) {
    let m = at + i * step;
    if (m < count) {
      storeOut(c, first + m, v[i].x);
    }
    if (m + half < count) {
      storeOut(c, first + m + half, v[i].y);
    }
  }
}

// e^{-2πi n2 (4 k1 - 1) / 4N} from a coarse and a fine table.
fn outerTwiddle(n2: u32, k1: u32) -> vec2f {
  let angle = (n2 * (4u * k1) - n2) & (4u * params.outerPoints * params.innerPoints - 1u);
  return times(tables[params.coarseTable + (angle >> params.fineBits)], tables[params.fineTable + (angle & ((1u << params.fineBits) - 1u))]);
}

// Frequency k1 stands in row -k1 modulo outerPoints: so plans name the rows to keep (plan.ts, keptBlocks), from the other sign.
fn rowOf(k1: u32) -> u32 {
  return (params.outerPoints - k1) & (params.outerPoints - 1u);
}

// ---- Entry points. A block that fits a workgroup is the outer transform alone: outerPoints = points, innerPoints = 1.

@compute @workgroup_size(threads)
fn fusedConv(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let c = workgroup.y;
  let segment = params.firstSegment + tileOf(workgroup, grid);
  loadBlock(c, segment, 0u);
  forward();
  applySpectrum(c, 0u, local);
  inverse();
  storeBlock(c, segment, 0u);
}

@compute @workgroup_size(threads)
fn fusedSpectrum(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  loadBlock(workgroup.y, 0u, 0u);
  forward();
  storeSpectrum((params.spectrumChannel + workgroup.y) * params.blockStride, 0u, local);
}

@compute @workgroup_size(threads)
fn columnsForward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let c = workgroup.y;
  let columnTiles = params.innerPoints / lanes;
  let tile = tileOf(workgroup, grid);
  let segment = tile / columnTiles;
  let n2 = (tile % columnTiles) * lanes + lane;
  loadBlock(c, params.firstSegment + segment, n2);
  forward();
  let exponent = commonExponent(local);
  if (segment < params.segmentCount) {
    let block = blockOf(c, segment);
    if (isHalf && local == 0u) {
      work[block + params.columnExponents + tile % columnTiles] = vec2<stored>(stored(exponent));
    }
    for (var i = 0u; i < upTo(16u); i++) {
      let k1 = frequency(lastPosition(i));
      let row = rowOf(k1);
      if (row < params.keptRows) {
        work[block + row * params.innerPoints + n2] = toStored(times(v[i], outerTwiddle(n2, k1)), exponent);
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
  let block = blockOf(c, segment);
  for (var i = 0u; i < upTo(16u); i++) {
    let k1 = frequency(lastPosition(i));
    let row = rowOf(k1);
    v[i] = vec2f(0.0, 0.0);
    if (row < params.keptRows) {
      v[i] = timesConjugate(fromWork(block + row * params.innerPoints + n2, block + params.rowExponents + row), outerTwiddle(n2, k1));
    }
  }
  inverse();
  if (segment < params.segmentCount) {
    storeBlock(c, params.firstSegment + segment, n2);
  }
}

@compute @workgroup_size(threads)
fn rowsConv(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let tile = tileOf(workgroup, grid);
  let segment = tile / params.keptRows;
  let row = tile % params.keptRows;
  let block = blockOf(workgroup.y, segment);
  loadRow(block, row);
  forward();
  applySpectrum(workgroup.y, row, local);
  inverse();
  let exponent = commonExponent(local);
  if (segment < params.segmentCount) {
    if (isHalf && local == 0u) {
      work[block + params.rowExponents + row] = vec2<stored>(stored(exponent));
    }
    for (var i = 0u; i < upTo(16u); i++) {
      work[block + (row << pointsLog) + position(pointsLog - 4u, i)] = toStored(v[i], exponent);
    }
  }
}

// In place: the rows of a filter's first half transformed become its spectrum.
@compute @workgroup_size(threads)
fn rowsSpectrum(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  begin(local);
  let row = tileOf(workgroup, grid);
  let block = (params.spectrumChannel + workgroup.y) * params.blockStride;
  loadRow(block, row);
  forward();
  if (row < params.keptRows) {
    storeSpectrum(block, row, local);
  }
}
