// Dense layer on matrix units, and the range of its input beforehand.

// import linear-operands.lib.wgsl
// import product-matrix.lib.wgsl
// import product-range.lib.wgsl
