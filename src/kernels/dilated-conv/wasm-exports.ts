/** What dilated-conv.as.ts exports; addresses and strides in bytes, counts in elements. */
export interface DilatedConvExports {
  /** What positions (of multiplyAdd) and columns (of all else) come in multiples of. */
  readonly tilePositions: { readonly value: number }
  multiplyAdd(
    out: number,
    outStride: number,
    rowBlocks: number,
    n: number,
    x: number,
    weights: number,
    weightsStride: number,
    inner: number,
    innerStride: number,
    outer: number,
    outerStride: number,
  ): void
  affineLeaky(row: number, n: number, scale: number, shift: number, slope: number): void
  gatherColumns(data: number, rowBytes: number, count: number, row: number, stride: number, offsets: number): void
  scatterColumns(
    data: number,
    rowBytes: number,
    count: number,
    row: number,
    stride: number,
    offsets: number,
    slope: number,
    add: number,
  ): void
  forwardTransform(
    data: number,
    rowBytes: number,
    fftSize: number,
    twiddles: number,
    spectra: number,
    places: number,
  ): void
  backwardTransform(
    data: number,
    rowBytes: number,
    fftSize: number,
    twiddles: number,
    spectra: number,
    places: number,
  ): void
  mixSpectra(
    spectra: number,
    blockCount: number,
    planeBytes: number,
    rowBytes: number,
    inChannels: number,
    rowBlocks: number,
    weights: number,
    bias: number,
    work: number,
  ): void
  finishRow(row: number, n: number, bias: number, slope: number, residual: number): void
}
