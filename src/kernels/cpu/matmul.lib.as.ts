import { madd } from './simd.lib.as'
import { blockOutputs, stepBytes, weightBytes } from './panels.lib.as'

// The products of dense layers; operands lie as panels.lib.as.ts says.

// @ts-ignore: decorator
@inline
function block(
  y: usize, rowBytes: usize, w: usize, x: usize, end: usize,
  a0: v128, a1: v128, b0: v128, b1: v128, c0: v128, c1: v128, d0: v128, d1: v128, isAdded: bool,
): void {
  for (; x < end; x += 32, w += 16) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    let s = v128.load32_splat(w)
    a0 = madd(s, x0, a0)
    a1 = madd(s, x1, a1)
    s = v128.load32_splat(w, 4)
    b0 = madd(s, x0, b0)
    b1 = madd(s, x1, b1)
    s = v128.load32_splat(w, 8)
    c0 = madd(s, x0, c0)
    c1 = madd(s, x1, c1)
    s = v128.load32_splat(w, 12)
    d0 = madd(s, x0, d0)
    d1 = madd(s, x1, d1)
  }
  put(y, a0, a1, isAdded)
  put(y + rowBytes, b0, b1, isAdded)
  put(y + rowBytes * 2, c0, c1, isAdded)
  put(y + rowBytes * 3, d0, d1, isAdded)
}

// @ts-ignore: decorator
@inline
function put(y: usize, low: v128, high: v128, isAdded: bool): void {
  v128.store(y, isAdded ? v128.add<f32>(v128.load(y), low) : low)
  v128.store(y, isAdded ? v128.add<f32>(v128.load(y, 16), high) : high, 16)
}

/** Loads before stores, and offsets as constants: otherwise V8 does not see that it can join the vectors. */
// @ts-ignore: decorator
@inline
function putWide(y: usize, v0: v128, v1: v128, v2: v128, v3: v128, isAdded: bool): void {
  if (isAdded) {
    v0 = v128.add<f32>(v128.load(y), v0)
    v1 = v128.add<f32>(v128.load(y, 16), v1)
    v2 = v128.add<f32>(v128.load(y, 32), v2)
    v3 = v128.add<f32>(v128.load(y, 48), v3)
  }
  v128.store(y, v0)
  v128.store(y, v1, 16)
  v128.store(y, v2, 32)
  v128.store(y, v3, 48)
}

/** Six outputs times sixteen positions; starts from zero, or from what six floats at `bias` say. */
// @ts-ignore: decorator
@inline
function wideBlock(y: usize, rowBytes: usize, w: usize, x: usize, end: usize, bias: usize, isAdded: bool): void {
  const zero = f32x4.splat(0)
  let a0 = isAdded ? zero : v128.load32_splat(bias)
  let b0 = isAdded ? zero : v128.load32_splat(bias, 4)
  let c0 = isAdded ? zero : v128.load32_splat(bias, 8)
  let d0 = isAdded ? zero : v128.load32_splat(bias, 12)
  let e0 = isAdded ? zero : v128.load32_splat(bias, 16)
  let f0 = isAdded ? zero : v128.load32_splat(bias, 20)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b1 = b0
  let b2 = b0
  let b3 = b0
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let d1 = d0
  let d2 = d0
  let d3 = d0
  let e1 = e0
  let e2 = e0
  let e3 = e0
  let f1 = f0
  let f2 = f0
  let f3 = f0
  for (; x < end; x += 64, w += 24) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(x, 32)
    const x3 = v128.load(x, 48)
    let s = v128.load32_splat(w)
    a0 = madd(s, x0, a0)
    a1 = madd(s, x1, a1)
    a2 = madd(s, x2, a2)
    a3 = madd(s, x3, a3)
    s = v128.load32_splat(w, 4)
    b0 = madd(s, x0, b0)
    b1 = madd(s, x1, b1)
    b2 = madd(s, x2, b2)
    b3 = madd(s, x3, b3)
    s = v128.load32_splat(w, 8)
    c0 = madd(s, x0, c0)
    c1 = madd(s, x1, c1)
    c2 = madd(s, x2, c2)
    c3 = madd(s, x3, c3)
    s = v128.load32_splat(w, 12)
    d0 = madd(s, x0, d0)
    d1 = madd(s, x1, d1)
    d2 = madd(s, x2, d2)
    d3 = madd(s, x3, d3)
    s = v128.load32_splat(w, 16)
    e0 = madd(s, x0, e0)
    e1 = madd(s, x1, e1)
    e2 = madd(s, x2, e2)
    e3 = madd(s, x3, e3)
    s = v128.load32_splat(w, 20)
    f0 = madd(s, x0, f0)
    f1 = madd(s, x1, f1)
    f2 = madd(s, x2, f2)
    f3 = madd(s, x3, f3)
  }
  putWide(y, a0, a1, a2, a3, isAdded)
  putWide(y + rowBytes, b0, b1, b2, b3, isAdded)
  putWide(y + rowBytes * 2, c0, c1, c2, c3, isAdded)
  putWide(y + rowBytes * 3, d0, d1, d2, d3, isAdded)
  putWide(y + rowBytes * 4, e0, e1, e2, e3, isAdded)
  putWide(y + rowBytes * 5, f0, f1, f2, f3, isAdded)
}

/**
 * `y[o][t] = bias[o] + Σ_i weight[o][i] x[i][t]` for `blockOutputs * blocks` outputs; `y` has rows `rowBytes` apart and
 * successive groups of `panelPositions` positions `panelBytes` apart: rows (4 * panelPositions) or panels
 * (4 * panelPositions * outputs, with rowBytes 4 * panelPositions).
 */
export function multiply(
  y: usize, rowBytes: usize, panelBytes: usize, packed: usize, bias: usize, x: usize, inputs: i32, blocks: i32, panelCount: i32,
): void {
  const step = <usize>inputs * stepBytes
  for (let p = 0; p < panelCount; p++, x += step, y += panelBytes) {
    let w = packed
    let yb = y
    let b = bias
    for (let o = 0; o < blocks; o++, w += <usize>inputs * weightBytes, yb += rowBytes * blockOutputs, b += weightBytes) {
      // @ts-ignore: a constant given to the compiler
      if (WIDE) wideBlock(yb, rowBytes, w, x, x + step, b, false)
      else {
        const ba = v128.load32_splat(b)
        const bb = v128.load32_splat(b, 4)
        const bc = v128.load32_splat(b, 8)
        const bd = v128.load32_splat(b, 12)
        block(yb, rowBytes, w, x, x + step, ba, ba, bb, bb, bc, bc, bd, bd, false)
      }
    }
  }
}

/**
 * `y[o][t] += Σ_i weight[o][i] x[i][t]`; otherwise as `multiply`. The sum is made by itself and added as a whole: with many
 * inputs, given in groups, that loses several times less than one long sum.
 */
export function multiplyAdd(
  y: usize, rowBytes: usize, panelBytes: usize, packed: usize, x: usize, inputs: i32, blocks: i32, panelCount: i32,
): void {
  const step = <usize>inputs * stepBytes
  const zero = f32x4.splat(0)
  for (let p = 0; p < panelCount; p++, x += step, y += panelBytes) {
    let w = packed
    let yb = y
    for (let o = 0; o < blocks; o++, w += <usize>inputs * weightBytes, yb += rowBytes * blockOutputs) {
      // @ts-ignore: a constant given to the compiler
      if (WIDE) wideBlock(yb, rowBytes, w, x, x + step, 0, true)
      else block(yb, rowBytes, w, x, x + step, zero, zero, zero, zero, zero, zero, zero, zero, true)
    }
  }
}
