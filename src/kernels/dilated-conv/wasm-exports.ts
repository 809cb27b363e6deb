/** What dilated-conv.as.ts exports; addresses and strides in bytes, counts in elements. */
export interface DilatedConvExports {
  multiplyAdd(
    out: number, outStride: number, rowBlocks: number, n: number, x: number, weights: number, weightsStride: number,
    inner: number, innerStride: number, outer: number, outerStride: number,
  ): void
  affineLeaky(row: number, n: number, scale: number, shift: number): void
  finishRow(row: number, n: number, bias: number, after: number, residual: number): void
}
