// Transforms of 2^pointsLog points by a workgroup, `lanes` of them side by side: steps in registers (fft-registers.lib.wgsl),
// between them the values exchanged through workgroup memory (fft-exchange.lib.wgsl, or -parts where that has not the room).

override pointsLog: u32 = 12u; // log2 of the points of one transform, at least 4
override lanes: u32 = 1u; // transforms side by side in a workgroup
override threads: u32 = (1u << pointsLog) / 16u * lanes;
override steps: u32 = pointsLog / 4u;
override lastLog: u32 = pointsLog % 4u; // log2 of r
override isTwisted: bool = true; // whether points carry ω^n (fft-conv.lib.wgsl): not those of rows

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

// Bits are mixed so that threads never meet in one bank of workgroup memory (test/kernels/webgpu-banks.test.ts).
fn mixed(at: u32) -> u32 {
  return (at ^ ((at >> 4u) & 15u) ^ (((at >> 8u) & 1u) << 4u)) * lanes;
}

// Where position(strideLog, q) lies in workgroup memory, from `first`, where position(strideLog, 0) does: both are sums of
// values that have no bits in common, which mixing keeps.
fn firstSlot(strideLog: u32) -> u32 {
  return mixed(position(strideLog, 0u)) + lane;
}

fn slot(first: u32, strideLog: u32, q: u32) -> u32 {
  return first ^ mixed(q << strideLog);
}

// Multiplies the values, elements digit(i) of step `step`, by the twiddles of this thread's place: seven a place, of q = 0, 1, 2, 3
// (in the first step with the thread's part of ω^n) and of 4, 8, 12 (tables.webgpu.ts). Sign -1: by their conjugates.
fn twiddle(step: u32, strideLog: u32, sign: f32) {
  let earlier = 7u * (select(0u, 1u << (pointsLog - 4u), step > 1u) + select(0u, 1u << (max(pointsLog, 8u) - 8u), step > 2u));
  let at = earlier + (thread & ((1u << strideLog) - 1u));
  for (var b = 0u; b < upTo(4u); b++) {
    if (b > 0u || (isTwisted && step == 1u)) {
      let w = tables[at + (b << strideLog)] * vec2f(1.0, sign);
      v[4u * b] = times(v[4u * b], w);
      v[4u * b + 1u] = times(v[4u * b + 1u], w);
      v[4u * b + 2u] = times(v[4u * b + 2u], w);
      v[4u * b + 3u] = times(v[4u * b + 3u], w);
    }
  }
  for (var a = 1u; a < upTo(4u); a++) {
    let w = tables[at + ((a + 3u) << strideLog)] * vec2f(1.0, sign);
    v[a] = times(v[a], w);
    v[a + 4u] = times(v[a + 4u], w);
    v[a + 8u] = times(v[a + 8u], w);
    v[a + 12u] = times(v[a + 12u], w);
  }
}

fn forwardStep(step: u32) {
  let strideLog = pointsLog - 4u * step;
  forward16();
  if (strideLog > 0u) {
    twiddle(step, strideLog, 1.0);
    redistribute(strideLog, true, max(strideLog, 4u) - 4u, false);
  }
}

fn inverseStep(step: u32) {
  let strideLog = pointsLog - 4u * step;
  if (strideLog > 0u) {
    redistribute(max(strideLog, 4u) - 4u, false, strideLog, true);
    twiddle(step, strideLog, -1.0);
  }
  inverse16();
}

// Before: register i holds element position(pointsLog - 4, i). After: what lastPosition and frequency say. At most 3 steps: 2^15 points.
fn forward() {
  forwardStep(1u);
  if (steps >= 2u) {
    forwardStep(2u);
  }
  if (steps >= 3u) {
    forwardStep(3u);
  }
  forwardLast();
}

fn inverse() {
  inverseLast();
  if (steps >= 3u) {
    inverseStep(3u);
  }
  if (steps >= 2u) {
    inverseStep(2u);
  }
  inverseStep(1u);
}

// The largest of one value a thread, for all of them.
fn largestOfWorkgroup(mine: f32, local: u32) -> f32 {
  workgroupBarrier();
  keep(local, mine);
  workgroupBarrier();
  var largest = 0.0;
  if (local < 32u) {
    for (var i = 0u; i < (threads + 31u) / 32u; i++) {
      if (local + 32u * i < threads) {
        largest = max(largest, kept(local + 32u * i));
      }
    }
    keep(local, largest);
  }
  workgroupBarrier();
  for (var i = 0u; i < min(threads, 32u); i++) {
    largest = max(largest, kept(i));
  }
  return largest;
}

// Storage order of register i of this thread after forward().
fn lastPosition(i: u32) -> u32 {
  return thread * 16u + select(i, digit(i), lastLog == 0u);
}

// The frequency that stands at a storage position: its digits in reverse.
fn frequency(at: u32) -> u32 {
  var k = (at >> (pointsLog - 4u)) & 15u;
  if (steps >= 2u) {
    k |= ((at >> (max(pointsLog, 8u) - 8u)) & 15u) << 4u;
  }
  if (steps >= 3u) {
    k |= ((at >> (max(pointsLog, 12u) - 12u)) & 15u) << 8u;
  }
  var last = at & ((1u << lastLog) - 1u);
  if (lastLog == 3u) {
    last = (last >> 2u) | ((last & 3u) << 1u);
  }
  return k | (last << (4u * steps));
}
