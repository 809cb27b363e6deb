import { leaky } from './pointwise.lib.as'

/*
 * A column is every dilation-th sample of a channel's row from some offset on: an ordinary signal for an ordinary
 * convolution. `offsets` holds one i32 a column, in bytes from the row's start; -1 is no column. Four columns that stand
 * side by side in the row (four phases of the dilation) move as one vector.
 */

// @ts-ignore: decorator
@inline
function areNeighbours(offsets: usize): bool {
  const first = load<i32>(offsets)
  return first >= 0 && load<i32>(offsets, 4) == first + 4 && load<i32>(offsets, 8) == first + 8 && load<i32>(offsets, 12) == first + 12
}

/** data[n][column] = row[offset(column) + n · stride] for n below count; 0 where there is no column. */
export function gatherColumns(data: usize, rowBytes: usize, count: i32, row: usize, stride: usize, offsets: usize): void {
  const bytes = <usize>count * rowBytes
  for (let v: usize = 0; v < rowBytes; v += 16, offsets += 16) {
    const to = data + v
    if (areNeighbours(offsets)) {
      let from = row + load<i32>(offsets)
      for (let n: usize = 0; n < bytes; n += rowBytes, from += stride) v128.store(to + n, v128.load(from))
      continue
    }
    for (let lane: usize = 0; lane < 16; lane += 4) {
      const offset = load<i32>(offsets + lane)
      let from = row + offset
      if (offset < 0) {
        for (let n: usize = 0; n < bytes; n += rowBytes) store<f32>(to + lane + n, 0)
      } else {
        for (let n: usize = 0; n < bytes; n += rowBytes, from += stride) store<f32>(to + lane + n, load<f32>(from))
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function finish(value: v128, bias: v128, after: bool): v128 {
  const y = v128.add<f32>(value, bias)
  return after ? leaky(y) : y
}

/** row[offset(column) + n · stride] (+)= leakyIf(after)(data[n][column] + bias) for n below count. */
export function scatterColumns(
  data: usize, rowBytes: usize, count: i32, row: usize, stride: usize, offsets: usize, bias: f32, after: bool, add: bool,
): void {
  const bytes = <usize>count * rowBytes
  const b = f32x4.splat(bias)
  for (let v: usize = 0; v < rowBytes; v += 16, offsets += 16) {
    const from = data + v
    if (areNeighbours(offsets)) {
      let to = row + load<i32>(offsets)
      for (let n: usize = 0; n < bytes; n += rowBytes, to += stride) {
        let y = finish(v128.load(from + n), b, after)
        if (add) y = v128.add<f32>(y, v128.load(to))
        v128.store(to, y)
      }
      continue
    }
    for (let lane: usize = 0; lane < 16; lane += 4) {
      const offset = load<i32>(offsets + lane)
      if (offset < 0) continue
      let to = row + offset
      for (let n: usize = 0; n < bytes; n += rowBytes, to += stride) {
        let y = f32x4.extract_lane(finish(v128.load32_splat(from + lane + n), b, after), 0)
        if (add) y += load<f32>(to)
        store<f32>(to, y)
      }
    }
  }
}
