// The sum of 64 threads' values, for all of them, always added in the same order.
var<workgroup> partialSums: array<f32, 64>;

fn sumOfThreads(value: f32, local: u32) -> f32 {
  partialSums[local] = value;
  for (var half = 32u; half > 0u; half = half >> 1u) {
    workgroupBarrier();
    if (local < half) {
      partialSums[local] += partialSums[local + half];
    }
  }
  workgroupBarrier();
  let sum = partialSums[0];
  workgroupBarrier();
  return sum;
}
