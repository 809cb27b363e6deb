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
  blockStride: u32, // of a block in work and of a channel in spectra: its values, then exponents where they are f16
  columnExponents: u32, // within a block: of each tile of columnLanes columns, before the rows are transformed
  rowExponents: u32, // within a block: of each row, afterwards
  columnLanes: u32,
  scale: f32,
}

override unroll: bool = true;

// import signal.lib.wgsl
// import fft-registers.lib.wgsl
// import fft-workgroup.lib.wgsl
// import fft-storage.lib.wgsl

@group(0) @binding(9) var<storage, read> tables: array<vec2f>; // long-conv/tables.webgpu.ts

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
  if (t < params.length) {
    finish(c, t, value);
  }
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
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = load(c, segment, position(pointsLog - 4u, i), 0u);
  }
  forward();
  applySpectrum(c, 0u, local);
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
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = load(c, params.firstSegment + segment, position(pointsLog - 4u, i), n2);
  }
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
