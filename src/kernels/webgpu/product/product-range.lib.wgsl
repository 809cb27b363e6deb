// The largest absolute value of a product's input, as the bits of its f32: these order as the values do. NaN shows as itself.

@group(0) @binding(9) var<storage, read_write> largestBits: atomic<u32>; // 0 before

const valuesPerThread = 16u;

@compute @workgroup_size(64)
fn range(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) local: u32) {
  let shape = operandShape();
  let t0 = (workgroup.x + workgroup.z * grid.x) * 64u * valuesPerThread + local;
  var largest = 0u;
  for (var e = 0u; e < valuesPerThread; e++) {
    let t = t0 + e * 64u;
    if (t < shape.y) {
      largest = max(largest, bitcast<u32>(abs(operand(workgroup.y, t))));
    }
  }
  atomicMax(&largestBits, largest);
}
