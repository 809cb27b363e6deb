// history[c, :] becomes the last historyLength positions of history followed by input, in place. One workgroup a channel
// walks from left to right: it reads a tile before it writes it, and never reads what it has written (values move left).
struct Params {
  historyLength: u32,
  inputLength: u32,
  historyOffset: u32,
  historyStride: u32,
  inputOffset: u32,
  inputStride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> history: array<f32>; // [channels, historyLength]
@group(0) @binding(2) var<storage, read> input: array<f32>; // [channels, inputLength]

@compute @workgroup_size(256)
fn advanceHistory(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let past = params.historyOffset + workgroup.y * params.historyStride;
  let present = params.inputOffset + workgroup.y * params.inputStride;
  for (var start = 0u; start < params.historyLength; start += 256u) {
    let to = start + local;
    let source = to + params.inputLength; // in history followed by input
    var value = 0.0;
    if (to < params.historyLength) {
      if (source < params.historyLength) {
        value = history[past + source];
      } else {
        value = input[present + source - params.historyLength];
      }
    }
    workgroupBarrier();
    storageBarrier();
    if (to < params.historyLength) {
      history[past + to] = value;
    }
  }
}
