// Softmax cross-entropy over channels and its gradient, a thread a position.
struct Params {
  classCount: u32,
  length: u32,
  gradientOffset: u32,
  gradientStride: u32,
  lossOffset: u32,
  logitsOffset: u32,
  logitsStride: u32,
  labelsOffset: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>; // [classes, length]
@group(0) @binding(2) var<storage, read_write> loss: array<f32>; // [1, length]
@group(0) @binding(3) var<storage, read> logits: array<f32>; // [classes, length]
@group(0) @binding(4) var<storage, read> labels: array<f32>; // [1, length], negative: none

@compute @workgroup_size(64)
fn crossEntropy(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let t = (workgroup.x + workgroup.z * grid.x) * 64u + local;
  if (t >= params.length) {
    return;
  }
  let at = params.logitsOffset + t;
  let label = labels[params.labelsOffset + t];
  if (label < 0.0) {
    for (var k = 0u; k < params.classCount; k++) {
      gradient[params.gradientOffset + k * params.gradientStride + t] = 0.0;
    }
    loss[params.lossOffset + t] = 0.0;
    return;
  }
  var most = logits[at];
  for (var k = 1u; k < params.classCount; k++) {
    most = max(most, logits[at + k * params.logitsStride]);
  }
  var sum = 0.0;
  for (var k = 0u; k < params.classCount; k++) {
    sum += exp(logits[at + k * params.logitsStride] - most);
  }
  loss[params.lossOffset + t] = log(sum) - (logits[at + u32(label) * params.logitsStride] - most);
  for (var k = 0u; k < params.classCount; k++) {
    let probability = exp(logits[at + k * params.logitsStride] - most) / sum;
    gradient[params.gradientOffset + k * params.gradientStride + t] =
      params.scale * (probability - select(0.0, 1.0, k == u32(label)));
  }
}
