// Exchange of whole values between the steps of fft-workgroup.lib.wgsl: 8 bytes of workgroup memory a point.

var<workgroup> exchange: array<vec2f, (1u << pointsLog) * lanes>;

// From one step's order to another's. `byDigit`: register i holds element digit(i), else element i.
fn redistribute(fromLog: u32, fromByDigit: bool, toLog: u32, toByDigit: bool) {
  let source = firstSlot(fromLog);
  let goal = firstSlot(toLog);
  workgroupBarrier();
  for (var i = 0u; i < upTo(16u); i++) {
    exchange[slot(source, fromLog, select(i, digit(i), fromByDigit))] = v[i];
  }
  workgroupBarrier();
  for (var i = 0u; i < upTo(16u); i++) {
    v[i] = exchange[slot(goal, toLog, select(i, digit(i), toByDigit))];
  }
}

// One number a thread, for all of them to read.
fn keep(at: u32, value: f32) {
  exchange[at].x = value;
}

fn kept(at: u32) -> f32 {
  return exchange[at].x;
}
