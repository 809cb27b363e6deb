// Weights [outChannels, depth] of a product: f32, or f16 with a power of two for each output behind them (half-weights.wgsl).

// import stored.lib.wgsl

fn weightAt(o: u32, k: u32) -> stored {
  let depth = depthOf();
  if (o >= params.outChannels || k >= depth) {
    return stored(0.0);
  }
  return weight[o * depth + k];
}

// What sums of output o are to be multiplied by.
fn weightFactor(o: u32) -> f32 {
  if (!isHalf) {
    return 1.0;
  }
  return power(i32(weight[params.outChannels * depthOf() + o]));
}
