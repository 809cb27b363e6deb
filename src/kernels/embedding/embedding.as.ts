/**
 * Codes, f32, to the byte offsets of their rows in a table of four columns, in place. Gives the index of the first code
 * that is not a whole number below `rows`, or -1.
 */
export function rowOffsets(codes: usize, count: i32, rows: i32): i32 {
  for (let i = 0; i < count; i++, codes += 4) {
    const code = load<f32>(codes)
    const row = <i32>code // saturates
    if (<f32>row != code || <u32>row >= <u32>rows) return i
    store<i32>(codes, row << 4)
  }
  return -1
}

/** Four channels of `count` positions, a multiple of 4: four rows of a `[rows][4]` table are read and turned into columns. */
export function lookUp(out: usize, rowBytes: usize, table: usize, offsets: usize, count: i32): void {
  const out1 = out + rowBytes
  const out2 = out1 + rowBytes
  const out3 = out2 + rowBytes
  for (let p: usize = 0, end = <usize>count << 2; p < end; p += 16) {
    const a = v128.load(table + load<u32>(offsets + p))
    const b = v128.load(table + load<u32>(offsets + p, 4))
    const c = v128.load(table + load<u32>(offsets + p, 8))
    const d = v128.load(table + load<u32>(offsets + p, 12))
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5) // a0 b0 a1 b1
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
    v128.store(out + p, v128.shuffle<i64>(ab, cd, 0, 2))
    v128.store(out1 + p, v128.shuffle<i64>(ab, cd, 1, 3))
    v128.store(out2 + p, v128.shuffle<i64>(abHigh, cdHigh, 0, 2))
    v128.store(out3 + p, v128.shuffle<i64>(abHigh, cdHigh, 1, 3))
  }
}
