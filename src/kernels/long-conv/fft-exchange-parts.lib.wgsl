// Exchange of real parts, then of imaginary ones, between the steps of fft-workgroup.lib.wgsl: 4 bytes of workgroup memory a
// point, twice the accesses and barriers.

var<workgroup> exchange: array<f32, (1u << pointsLog) * lanes>;

// From one step's order to another's. `byDigit`: register i holds element digit(i), else element i.
fn redistribute(fromLog: u32, fromByDigit: bool, toLog: u32, toByDigit: bool) {
  let source = firstSlot(fromLog);
  let goal = firstSlot(toLog);
  workgroupBarrier();
  for (var i = 0u; i < upTo(16u); i++) {
    exchange[slot(source, fromLog, select(i, digit(i), fromByDigit))] = v[i].x;
  }
  workgroupBarrier();
  for (var i = 0u; i < upTo(16u); i++) {
    v[i].x = exchange[slot(goal, toLog, select(i, digit(i), toByDigit))];
  }
  workgroupBarrier();
  for (var i = 0u; i < upTo(16u); i++) {
    exchange[slot(source, fromLog, select(i, digit(i), fromByDigit))] = v[i].y;
  }
  workgroupBarrier();
  for (var i = 0u; i < upTo(16u); i++) {
    v[i].y = exchange[slot(goal, toLog, select(i, digit(i), toByDigit))];
  }
}

// One number a thread, for all of them to read.
fn keep(at: u32, value: f32) {
  exchange[at] = value;
}

fn kept(at: u32) -> f32 {
  return exchange[at];
}
