// Blocks between the passes of fft-conv.lib.wgsl, and spectra: their values and, where those are f16, the powers of two they were
// divided by. Columns are scaled by the workgroup that made them, rows too; a row of a spectrum has its own power as well.

// import stored.lib.wgsl

@group(0) @binding(7) var<storage, read> spectra: array<vec2<stored>>; // [channels, keptRows, innerPoints], columns in the order of the transform
@group(0) @binding(8) var<storage, read_write> work: array<vec2<stored>>; // [channels, segments, keptRows, innerPoints]; or spectra

// Where a block begins in work.
fn blockOf(c: u32, segment: u32) -> u32 {
  return (c * params.segmentCount + segment) * params.blockStride;
}

// What values are to be divided by before they are stored: one power of two for all that the workgroup holds.
fn commonExponent(local: u32) -> i32 {
  if (!isHalf) {
    return 0;
  }
  var largest = 0.0;
  for (var i = 0u; i < upTo(16u); i++) {
    largest = max(largest, max(abs(v[i].x), abs(v[i].y)));
  }
  return exponentFor(largestOfWorkgroup(largest, local));
}

fn toStored(value: vec2f, exponent: i32) -> vec2<stored> {
  if (!isHalf) {
    return vec2<stored>(value);
  }
  return vec2<stored>(value * power(-exponent));
}

fn fromWork(at: u32, exponentAt: u32) -> vec2f {
  if (!isHalf) {
    return vec2f(work[at]);
  }
  return vec2f(work[at]) * power(i32(work[exponentAt].x));
}

// Multiplies the values in registers by row `row` of a channel's spectrum.
fn applySpectrum(c: u32, row: u32, local: u32) {
  let block = (params.spectrumChannel + c) * params.blockStride;
  var factor = 1.0;
  if (isHalf) {
    factor = power(i32(spectra[block + params.rowExponents + row].x));
  }
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = times(v[i], factor * vec2f(spectra[block + (row << pointsLog) + i * threads + local]));
  }
}

// Stores the values in registers as row `row` of the spectrum that begins at `block` of work.
fn storeSpectrum(block: u32, row: u32, local: u32) {
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] *= params.scale;
  }
  let exponent = commonExponent(local);
  if (isHalf && local == 0u) {
    work[block + params.rowExponents + row] = vec2<stored>(stored(exponent));
  }
  for (var i = 0u; i < upTo(16u); i++) {
    work[block + (row << pointsLog) + i * threads + local] = toStored(v[i], exponent);
  }
}

// Row `row` of a block as the columns left it.
fn loadRow(block: u32, row: u32) {
  for (var i = 0u; i < upTo(16u); i++) {
    let n2 = position(pointsLog - 4u, i);
    v[i] = fromWork(block + (row << pointsLog) + n2, block + params.columnExponents + n2 / params.columnLanes);
  }
}
