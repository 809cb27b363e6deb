import { madd } from '../cpu/simd.lib.as'

/** Bytes of a row that one step of `dots` takes. Rows are multiples of 32 bytes, in the wide build of 64. */
// @ts-ignore: a constant given to the compiler
const stepBytes: usize = WIDE ? 32 : 16

/** Partial dot products of two rows of y with four rows of x, a vector each 32 bytes apart in `work`. */
// @ts-ignore: decorator
@inline
// wide: 16
function dots(work: usize, x: usize, xRow: usize, y: usize, yRow: usize, bytes: usize): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let a2 = f32x4.splat(0)
  let a3 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let b2 = f32x4.splat(0)
  let b3 = f32x4.splat(0)
  const xRow2 = xRow << 1
  const xRow3 = xRow2 + xRow
  const end = x + bytes
  for (; x < end; x += stepBytes, y += stepBytes) {
    const p = v128.load(y)
    const q = v128.load(y + yRow)
    const u = v128.load(x)
    a0 = madd(p, u, a0)
    b0 = madd(q, u, b0)
    const v = v128.load(x + xRow)
    a1 = madd(p, v, a1)
    b1 = madd(q, v, b1)
    const w = v128.load(x + xRow2)
    a2 = madd(p, w, a2)
    b2 = madd(q, w, b2)
    const z = v128.load(x + xRow3)
    a3 = madd(p, z, a3)
    b3 = madd(q, z, b3)
  }
  v128.store(work, a0)
  v128.store(work, a1, 32)
  v128.store(work, a2, 64)
  v128.store(work, a3, 96)
  v128.store(work, b0, 128)
  v128.store(work, b1, 160)
  v128.store(work, b2, 192)
  v128.store(work, b3, 224)
}

// @ts-ignore: decorator
@inline
function partial(work: usize): v128 {
  // @ts-ignore: a constant given to the compiler
  if (WIDE) return v128.add<f32>(v128.load(work), v128.load(work, 16))
  return v128.load(work)
}

/** sums[0..3] += the totals of four vectors 32 bytes apart. */
// @ts-ignore: decorator
@inline
function addTotals(sums: usize, work: usize): void {
  const a = partial(work)
  const b = partial(work + 32)
  const c = partial(work + 64)
  const d = partial(work + 96)
  const ab = v128.add<f32>(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7))
  const cd = v128.add<f32>(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7))
  const total = v128.add<f32>(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3))
  v128.store(sums, v128.add<f32>(v128.load(sums), total))
}

/**
 * sums[o][i] += Σ_t y[o][t] · x[i][t] over rows of `bytes`; xRows a multiple of 4, yRows of 2; sums `[yRows][xRows]`. `work` takes
 * 256 bytes.
 */
export function addProducts(
  sums: usize, x: usize, xRow: usize, xRows: i32, y: usize, yRow: usize, yRows: i32, bytes: usize, work: usize,
): void {
  const sumsRow = <usize>xRows << 2
  for (let o = 0; o < yRows; o += 2, y += yRow << 1, sums += sumsRow << 1) {
    let from = x
    for (let to = sums, end = sums + sumsRow; to < end; to += 16, from += xRow << 2) {
      dots(work, from, xRow, y, yRow, bytes)
      addTotals(to, work)
      addTotals(to + sumsRow, work + 128)
    }
  }
}

/**
 * The same for two sets of spectra in the layout of ../dilated-conv/mix.lib.as.ts, frequency by frequency: block 0 gives two planes of
 * sums (its R and its I), the others three: A = Rx·Ry, B = Ix·Iy, C = (Rx - Ix)(Ry + Iy). With S = Σ conj(X) Y over all real columns,
 * 2 Re S = A + B and 2 Im S = C - A + B, as both halves of a row add up. `work` takes 256 bytes and xRows + yRows rows.
 */
export function addSpectra(
  sums: usize, sumsPlane: usize, x: usize, xPlane: usize, xRows: i32, y: usize, yPlane: usize, yRows: i32, rowBytes: usize,
  blockCount: i32, work: usize,
): void {
  const xBytes = <usize>xRows * rowBytes
  const yBytes = <usize>yRows * rowBytes
  const difference = work + 256
  const sum = difference + xBytes
  addProducts(sums, x, rowBytes, xRows, y, rowBytes, yRows, rowBytes, work)
  addProducts(sums + sumsPlane, x + xPlane, rowBytes, xRows, y + yPlane, rowBytes, yRows, rowBytes, work)
  sums += sumsPlane << 1
  for (let b = 1; b < blockCount; b++, sums += 3 * sumsPlane) {
    x += xPlane << 1
    y += yPlane << 1
    const xi = x + xPlane
    const yi = y + yPlane
    // wide: 16
    for (let v: usize = 0; v < xBytes; v += 16) {
      v128.store(difference + v, v128.sub<f32>(v128.load(x + v), v128.load(xi + v)))
    }
    // wide: 16
    for (let v: usize = 0; v < yBytes; v += 16) {
      v128.store(sum + v, v128.add<f32>(v128.load(y + v), v128.load(yi + v)))
    }
    addProducts(sums, x, rowBytes, xRows, y, rowBytes, yRows, rowBytes, work)
    addProducts(sums + sumsPlane, xi, rowBytes, xRows, yi, rowBytes, yRows, rowBytes, work)
    addProducts(sums + 2 * sumsPlane, difference, rowBytes, xRows, sum, rowBytes, yRows, rowBytes, work)
  }
}

/** Sum of n floats, of which there are a multiple of 4. */
export function sumOf(row: usize, n: i32): f32 {
  let sum = f32x4.splat(0)
  for (const end = row + (<usize>n << 2); row < end; row += 16) sum = v128.add<f32>(sum, v128.load(row))
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
}
