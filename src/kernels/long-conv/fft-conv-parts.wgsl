// Long convolution whose transforms exchange first the real parts, then the imaginary ones.

// import fft-conv.lib.wgsl
// import fft-exchange-parts.lib.wgsl
