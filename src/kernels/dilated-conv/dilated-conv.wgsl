// Dilated convolution in registers.

// import dilated-operands.lib.wgsl
// import product-registers.lib.wgsl
