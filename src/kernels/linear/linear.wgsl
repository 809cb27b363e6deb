// Dense layer in registers.

// import linear-operands.lib.wgsl
// import product-registers.lib.wgsl
