// Dilated convolution on matrix units, and the range of its input beforehand.

// import dilated-operands.lib.wgsl
// import product-matrix.lib.wgsl
// import product-range.lib.wgsl
