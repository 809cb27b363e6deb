// Long convolution whose transforms exchange whole values.

// import fft-conv.lib.wgsl
// import fft-exchange.lib.wgsl
