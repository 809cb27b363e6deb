// Transforms of 2^pointsLog points by a workgroup, `lanes` of them side by side: steps in registers (fft-registers.lib.wgsl),
// between them the values exchanged through workgroup memory, first the real parts, then the imaginary ones.

override pointsLog: u32 = 12u; // log2 of the points of one transform, at least 4
override lanes: u32 = 1u; // transforms side by side in a workgroup
override threads: u32 = (1u << pointsLog) / 16u * lanes;
override steps: u32 = pointsLog / 4u;
override lastLog: u32 = pointsLog % 4u; // log2 of r

var<workgroup> exchange: array<f32, (1u << pointsLog) * lanes>;
var<private> lane: u32; // which transform of the workgroup
var<private> thread: u32; // which thread of the transform

fn begin(local: u32) {
  lane = local % lanes;
  thread = local / lanes;
}

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

// The largest of one value a thread, for all of them.
fn largestOfWorkgroup(mine: f32, local: u32) -> f32 {
  workgroupBarrier();
  exchange[local] = mine;
  workgroupBarrier();
  var largest = 0.0;
  if (local < 32u) {
    for (var i = local; i < threads; i += 32u) {
      largest = max(largest, exchange[i]);
    }
    exchange[local] = largest;
  }
  workgroupBarrier();
  for (var i = 0u; i < min(threads, 32u); i++) {
    largest = max(largest, exchange[i]);
  }
  return largest;
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
