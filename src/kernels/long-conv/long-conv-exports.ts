/** Exports of long-conv.as.ts. */
export interface LongConvExports {
  /** Bytes from the real to the imaginary plane. */
  readonly planeGap: { readonly value: number }
  setLevels(address: number, levelCount: number, blockPoints: number): void
  setKeptChildren(address: number): void
  convolveNode(
    p: number,
    points: number,
    level: number,
    node: number,
    leaf: number,
    rowRe: number,
    rowIm: number,
    spectrum: number,
    skip: number,
  ): void
  spectrumOfNode(
    p: number,
    points: number,
    level: number,
    node: number,
    leaf: number,
    rowRe: number,
    rowIm: number,
    spectrum: number,
    scale: number,
  ): void
  forwardColumns(
    p: number,
    pitch: number,
    rows: number,
    columnBytes: number,
    tile: number,
    columnLevels: number,
    real: number,
  ): void
  inverseColumns(
    p: number,
    pitch: number,
    rows: number,
    columnBytes: number,
    tile: number,
    columnLevels: number,
    real: number,
  ): void
  multiply(y: number, x: number, count: number): void
  addScaled(y: number, x: number, factor: number, count: number): void
  move(to: number, from: number, bytes: number): void
  direct(y: number, x: number, taps: number, filterLength: number, count: number): void
}
