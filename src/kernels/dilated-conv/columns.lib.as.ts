import { leaky } from './pointwise.lib.as'

/*
 * A column is every dilation-th sample of a channel's row from some offset on: an ordinary signal for an ordinary
 * convolution. `offsets` holds one i32 a column, in bytes from the row's start; -1 is no column. Four columns move
 * together: as vectors where they stand side by side in the row (four phases of the dilation), as 4 × 4 transposes where
 * the dilation is 1, lane by lane else.
 */

// @ts-ignore: decorator
@inline
function areNeighbours(offsets: usize): bool {
  const first = load<i32>(offsets)
  return first >= 0 && load<i32>(offsets, 4) == first + 4 && load<i32>(offsets, 8) == first + 8 && load<i32>(offsets, 12) == first + 12
}

// @ts-ignore: decorator
@inline
function areColumns(offsets: usize): bool {
  return (load<i32>(offsets) | load<i32>(offsets, 4) | load<i32>(offsets, 8) | load<i32>(offsets, 12)) >= 0
}

/** data[n][column] = row[offset(column) + n · stride] for n below count, a multiple of 4; 0 where there is no column. */
export function gatherColumns(data: usize, rowBytes: usize, count: i32, row: usize, stride: usize, offsets: usize): void {
  const bytes = <usize>count * rowBytes
  for (let v: usize = 0; v < rowBytes; v += 16, offsets += 16) {
    const to = data + v
    const end = to + bytes
    if (areNeighbours(offsets)) {
      let from = row + load<i32>(offsets)
      for (let p = to; p < end; p += rowBytes, from += stride) v128.store(p, v128.load(from))
    } else if (areColumns(offsets)) {
      let from0 = row + load<i32>(offsets)
      let from1 = row + load<i32>(offsets, 4)
      let from2 = row + load<i32>(offsets, 8)
      let from3 = row + load<i32>(offsets, 12)
      if (stride == 4) {
        for (let p = to; p < end; p += rowBytes << 2, from0 += 16, from1 += 16, from2 += 16, from3 += 16) {
          storeTransposed(p, p + rowBytes, p + 2 * rowBytes, p + 3 * rowBytes, v128.load(from0), v128.load(from1), v128.load(from2), v128.load(from3))
        }
      } else {
        for (let p = to; p < end; p += rowBytes, from0 += stride, from1 += stride, from2 += stride, from3 += stride) {
          let y = v128.load32_zero(from0)
          y = v128.load_lane<u32>(from1, y, 1)
          y = v128.load_lane<u32>(from2, y, 2)
          v128.store(p, v128.load_lane<u32>(from3, y, 3))
        }
      }
    } else {
      for (let lane: usize = 0; lane < 16; lane += 4) {
        const offset = load<i32>(offsets + lane)
        let from = row + offset
        if (offset < 0) {
          for (let p = to + lane; p < end; p += rowBytes) store<f32>(p, 0)
        } else {
          for (let p = to + lane; p < end; p += rowBytes, from += stride) store<f32>(p, load<f32>(from))
        }
      }
    }
  }
}

/** Stores the columns of the 4 × 4 matrix with rows a, b, c, d. */
// @ts-ignore: decorator
@inline
function storeTransposed(to0: usize, to1: usize, to2: usize, to3: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const cd01 = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  v128.store(to0, v128.shuffle<i64>(ab01, cd01, 0, 2))
  v128.store(to1, v128.shuffle<i64>(ab01, cd01, 1, 3))
  const ab23 = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const cd23 = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  v128.store(to2, v128.shuffle<i64>(ab23, cd23, 0, 2))
  v128.store(to3, v128.shuffle<i64>(ab23, cd23, 1, 3))
}

/** row[offset(column) + n · stride] (+)= leaky(data[n][column]) for n below count, slope 1 for none; `add` adds to what is there. */
export function scatterColumns(
  data: usize, rowBytes: usize, count: i32, row: usize, stride: usize, offsets: usize, slope: f32, add: bool,
): void {
  const bytes = <usize>count * rowBytes
  const s = f32x4.splat(slope)
  if (slope != 1) for (let p = data, end = data + bytes; p < end; p += 16) v128.store(p, leaky(v128.load(p), s))
  for (let v: usize = 0; v < rowBytes; v += 16, offsets += 16) {
    let from = data + v
    const end = from + bytes
    if (areNeighbours(offsets)) {
      let to = row + load<i32>(offsets)
      if (add) for (; from < end; from += rowBytes, to += stride) v128.store(to, v128.add<f32>(v128.load(to), v128.load(from)))
      else for (; from < end; from += rowBytes, to += stride) v128.store(to, v128.load(from))
      continue
    }
    if (stride == 4 && areColumns(offsets)) from = scatterTransposed(from, rowBytes, count, row, offsets, add)
    const done = (from - data - v) / rowBytes
    for (let lane: usize = 0; lane < 16; lane += 4) {
      const offset = load<i32>(offsets + lane)
      if (offset < 0) continue
      let to = row + offset + done * stride
      if (add) for (let p = from + lane; p < end; p += rowBytes, to += stride) store<f32>(to, load<f32>(to) + load<f32>(p))
      else for (let p = from + lane; p < end; p += rowBytes, to += stride) store<f32>(to, load<f32>(p))
    }
  }
}

/** The part of a scatter with stride 4 that whole 4 × 4 transposes do; gives the first row that is left. */
// @ts-ignore: decorator
@inline
function scatterTransposed(from: usize, rowBytes: usize, count: i32, row: usize, offsets: usize, add: bool): usize {
  let to0 = row + load<i32>(offsets)
  let to1 = row + load<i32>(offsets, 4)
  let to2 = row + load<i32>(offsets, 8)
  let to3 = row + load<i32>(offsets, 12)
  for (let n = 4; n <= count; n += 4, to0 += 16, to1 += 16, to2 += 16, to3 += 16) {
    const from1 = from + rowBytes
    const from2 = from1 + rowBytes
    const from3 = from2 + rowBytes
    if (add) addTransposed(to0, to1, to2, to3, v128.load(from), v128.load(from1), v128.load(from2), v128.load(from3))
    else storeTransposed(to0, to1, to2, to3, v128.load(from), v128.load(from1), v128.load(from2), v128.load(from3))
    from = from3 + rowBytes
  }
  return from
}

// @ts-ignore: decorator
@inline
function addTransposed(to0: usize, to1: usize, to2: usize, to3: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const cd01 = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  v128.store(to0, v128.add<f32>(v128.load(to0), v128.shuffle<i64>(ab01, cd01, 0, 2)))
  v128.store(to1, v128.add<f32>(v128.load(to1), v128.shuffle<i64>(ab01, cd01, 1, 3)))
  const ab23 = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const cd23 = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  v128.store(to2, v128.add<f32>(v128.load(to2), v128.shuffle<i64>(ab23, cd23, 0, 2)))
  v128.store(to3, v128.add<f32>(v128.load(to3), v128.shuffle<i64>(ab23, cd23, 1, 3)))
}
