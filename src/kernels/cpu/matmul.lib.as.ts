import { gelu, madd } from './simd.lib.as'

/**
 * Dense layers on one tile of positions. Positions are the vector lanes and weights are splatted scalars.
 * - rows: `[channel][position]`, `rowBytes` from one channel to the next;
 * - panels: `[position / 8][channel][8]`, what the inner loop reads one after the other;
 * - packed weights: `[output / 4][input][4]`, outputs filled up with zeros.
 * Addresses are in bytes and need no alignment; positions and outputs come in multiples of 8 and of 4.
 * Four outputs times eight positions are eight sums in registers, which is as many as V8 keeps there: unrolling the
 * loop or taking larger blocks spills them and halves the speed.
 */

/** Packs `weight[outputs][inputs]`, rows `weightRowBytes` apart, as if it had zeros up to `paddedInputs`. */
export function packWeights(packed: usize, weight: usize, weightRowBytes: usize, outputs: i32, inputs: i32, paddedInputs: i32): void {
  for (let block = 0; block < outputs; block += 4) {
    for (let lane = 0; lane < 4; lane++) {
      const output = block + lane
      const known = output < outputs ? inputs : 0
      let to = packed + ((<usize>block * paddedInputs + lane) << 2)
      let from = weight + <usize>output * weightRowBytes
      let i = 0
      for (; i < known; i++, to += 16, from += 4) store<f32>(to, load<f32>(from))
      for (; i < paddedInputs; i++, to += 16) store<f32>(to, 0)
    }
  }
}

/** Rows to panels. */
export function toPanels(panels: usize, rows: usize, rowBytes: usize, channels: i32, panelCount: i32): void {
  for (let c = 0; c < channels; c++) {
    let from = rows + <usize>c * rowBytes
    let to = panels + (<usize>c << 5)
    for (let p = 0; p < panelCount; p++, from += 32, to += <usize>channels << 5) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
    }
  }
}

/**
 * Rows to panels with `(x - mean) / sqrt(variance + epsilon) * weight + bias` over channels at each position; the
 * variance is biased and taken in a second pass over the differences, so that a large mean costs no digits.
 */
export function normalizeToPanels(
  panels: usize, rows: usize, rowBytes: usize, channels: i32, panelCount: i32, weight: usize, bias: usize, epsilon: f32,
): void {
  const perChannel = f32x4.splat(1 / <f32>channels)
  for (let p = 0; p < panelCount; p++) {
    const first = rows + (<usize>p << 5)
    const end = first + <usize>channels * rowBytes
    let mean0 = f32x4.splat(0)
    let mean1 = f32x4.splat(0)
    for (let x = first; x < end; x += rowBytes) {
      mean0 = v128.add<f32>(mean0, v128.load(x))
      mean1 = v128.add<f32>(mean1, v128.load(x, 16))
    }
    mean0 = v128.mul<f32>(mean0, perChannel)
    mean1 = v128.mul<f32>(mean1, perChannel)
    let scale0 = f32x4.splat(0)
    let scale1 = f32x4.splat(0)
    for (let x = first; x < end; x += rowBytes) {
      const d0 = v128.sub<f32>(v128.load(x), mean0)
      const d1 = v128.sub<f32>(v128.load(x, 16), mean1)
      scale0 = madd(d0, d0, scale0)
      scale1 = madd(d1, d1, scale1)
    }
    scale0 = v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(madd(scale0, perChannel, f32x4.splat(epsilon))))
    scale1 = v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(madd(scale1, perChannel, f32x4.splat(epsilon))))
    let to = panels + ((<usize>p * channels) << 5)
    let w = weight
    let b = bias
    for (let x = first; x < end; x += rowBytes, to += 32, w += 4, b += 4) {
      const vw = v128.load32_splat(w)
      const vb = v128.load32_splat(b)
      v128.store(to, madd(v128.mul<f32>(v128.sub<f32>(v128.load(x), mean0), scale0), vw, vb))
      v128.store(to, madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 16), mean1), scale1), vw, vb), 16)
    }
  }
}

// @ts-ignore: decorator
@inline
function block(
  y: usize, rowBytes: usize, w: usize, x: usize, end: usize,
  a0: v128, a1: v128, b0: v128, b1: v128, c0: v128, c1: v128, d0: v128, d1: v128,
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
  v128.store(y, a0)
  v128.store(y, a1, 16)
  y += rowBytes
  v128.store(y, b0)
  v128.store(y, b1, 16)
  y += rowBytes
  v128.store(y, c0)
  v128.store(y, c1, 16)
  y += rowBytes
  v128.store(y, d0)
  v128.store(y, d1, 16)
}

/**
 * `y[o][t] = bias[o] + Σ_i weight[o][i] x[i][t]` for `4 * blocks` outputs; `y` has rows `rowBytes` apart and
 * successive groups of eight positions `panelBytes` apart: rows (32) or panels (32 * outputs, with rowBytes 32).
 */
export function multiply(
  y: usize, rowBytes: usize, panelBytes: usize, packed: usize, bias: usize, x: usize, inputs: i32, blocks: i32, panelCount: i32,
): void {
  const step = <usize>inputs << 5
  for (let p = 0; p < panelCount; p++, x += step, y += panelBytes) {
    let w = packed
    let yb = y
    let b = bias
    for (let o = 0; o < blocks; o++, w += <usize>inputs << 4, yb += rowBytes << 2, b += 16) {
      const ba = v128.load32_splat(b)
      const bb = v128.load32_splat(b, 4)
      const bc = v128.load32_splat(b, 8)
      const bd = v128.load32_splat(b, 12)
      block(yb, rowBytes, w, x, x + step, ba, ba, bb, bb, bc, bc, bd, bd)
    }
  }
}

/** `y[o][t] += Σ_i weight[o][i] x[i][t]`; otherwise as `multiply`. */
export function multiplyAdd(
  y: usize, rowBytes: usize, panelBytes: usize, packed: usize, x: usize, inputs: i32, blocks: i32, panelCount: i32,
): void {
  const step = <usize>inputs << 5
  for (let p = 0; p < panelCount; p++, x += step, y += panelBytes) {
    let w = packed
    let ya = y
    for (let o = 0; o < blocks; o++, w += <usize>inputs << 4, ya += rowBytes << 2) {
      const yb = ya + rowBytes
      const yc = yb + rowBytes
      const yd = yc + rowBytes
      block(
        ya, rowBytes, w, x, x + step,
        v128.load(ya), v128.load(ya, 16), v128.load(yb), v128.load(yb, 16), v128.load(yc), v128.load(yc, 16), v128.load(yd), v128.load(yd, 16),
      )
    }
  }
}

/** GELU of `vectors` times four values, in place. */
export function activate(x: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, x += 16) v128.store(x, gelu(v128.load(x)))
}

/** `y += x`, `vectors` times four values. */
export function addTo(y: usize, x: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, x += 16, y += 16) v128.store(y, v128.add<f32>(v128.load(y), v128.load(x)))
}

/** `y[r][..] += values[r]` for rows of `vectors` times four values. */
export function addToRows(y: usize, rowBytes: usize, values: usize, rows: i32, vectors: i32): void {
  for (let r = 0; r < rows; r++, y += rowBytes, values += 4) {
    const value = v128.load32_splat(values)
    for (let i = 0; i < vectors; i++) v128.store(y + (<usize>i << 4), v128.add<f32>(v128.load(y + (<usize>i << 4)), value))
  }
}
