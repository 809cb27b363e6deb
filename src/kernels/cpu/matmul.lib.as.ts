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
  for (let p = 0; p < panelCount; p++, rows += 32) {
    const end = rows + <usize>channels * rowBytes
    for (let from = rows; from < end; from += rowBytes, panels += 32) {
      v128.store(panels, v128.load(from))
      v128.store(panels, v128.load(from, 16), 16)
    }
  }
}

/**
 * Rows to panels with `(x - mean) / sqrt(variance + epsilon) * weight + bias` over channels at each position; the
 * variance is biased and taken in a second pass over the differences, so that a large mean costs no digits.
 * Two panels, a cache line of each row, at a time: `panelCount` is rounded up to an even number.
 */
export function normalizeToPanels(
  panels: usize, rows: usize, rowBytes: usize, channels: i32, panelCount: i32, weight: usize, bias: usize, epsilon: f32,
): void {
  const perChannel = f32x4.splat(1 / <f32>channels)
  const panelBytes = <usize>channels << 5
  for (let p = 0; p < panelCount; p += 2, rows += 64, panels += panelBytes << 1) {
    const end = rows + <usize>channels * rowBytes
    let m0 = f32x4.splat(0)
    let m1 = m0
    let m2 = m0
    let m3 = m0
    for (let x = rows; x < end; x += rowBytes) {
      m0 = v128.add<f32>(m0, v128.load(x))
      m1 = v128.add<f32>(m1, v128.load(x, 16))
      m2 = v128.add<f32>(m2, v128.load(x, 32))
      m3 = v128.add<f32>(m3, v128.load(x, 48))
    }
    m0 = v128.mul<f32>(m0, perChannel)
    m1 = v128.mul<f32>(m1, perChannel)
    m2 = v128.mul<f32>(m2, perChannel)
    m3 = v128.mul<f32>(m3, perChannel)
    let s0 = f32x4.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    for (let x = rows; x < end; x += rowBytes) {
      const d0 = v128.sub<f32>(v128.load(x), m0)
      const d1 = v128.sub<f32>(v128.load(x, 16), m1)
      const d2 = v128.sub<f32>(v128.load(x, 32), m2)
      const d3 = v128.sub<f32>(v128.load(x, 48), m3)
      s0 = madd(d0, d0, s0)
      s1 = madd(d1, d1, s1)
      s2 = madd(d2, d2, s2)
      s3 = madd(d3, d3, s3)
    }
    s0 = inverseDeviation(s0, perChannel, epsilon)
    s1 = inverseDeviation(s1, perChannel, epsilon)
    s2 = inverseDeviation(s2, perChannel, epsilon)
    s3 = inverseDeviation(s3, perChannel, epsilon)
    let to = panels
    let w = weight
    let b = bias
    for (let x = rows; x < end; x += rowBytes, to += 32, w += 4, b += 4) {
      const vw = v128.load32_splat(w)
      const vb = v128.load32_splat(b)
      v128.store(to, madd(v128.mul<f32>(v128.sub<f32>(v128.load(x), m0), s0), vw, vb))
      v128.store(to, madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 16), m1), s1), vw, vb), 16)
      v128.store(to + panelBytes, madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 32), m2), s2), vw, vb))
      v128.store(to + panelBytes, madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 48), m3), s3), vw, vb), 16)
    }
  }
}

// @ts-ignore: decorator
@inline
function inverseDeviation(squares: v128, perChannel: v128, epsilon: f32): v128 {
  return v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(madd(squares, perChannel, f32x4.splat(epsilon))))
}

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
      block(yb, rowBytes, w, x, x + step, ba, ba, bb, bb, bc, bc, bd, bd, false)
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
  const step = <usize>inputs << 5
  const zero = f32x4.splat(0)
  for (let p = 0; p < panelCount; p++, x += step, y += panelBytes) {
    let w = packed
    let yb = y
    for (let o = 0; o < blocks; o++, w += <usize>inputs << 4, yb += rowBytes << 2) {
      block(yb, rowBytes, w, x, x + step, zero, zero, zero, zero, zero, zero, zero, zero, true)
    }
  }
}

/**
 * GELU of `vectors` times four values, in place. Four vectors at a time (`vectors` is a multiple of 4): V8 makes the
 * polynomial's constants anew in every iteration, so they must serve several values.
 */
export function activate(x: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i += 4, x += 64) {
    const y0 = gelu(v128.load(x))
    const y1 = gelu(v128.load(x, 16))
    const y2 = gelu(v128.load(x, 32))
    const y3 = gelu(v128.load(x, 48))
    v128.store(x, y0)
    v128.store(x, y1, 16)
    v128.store(x, y2, 32)
    v128.store(x, y3, 48)
  }
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
