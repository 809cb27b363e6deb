import { gelu, madd } from './simd.lib.as'

/**
 * Dense layers on one tile of positions. Positions are the vector lanes and weights are splatted scalars. With
 * B = blockOutputs and P = panelPositions:
 * - rows: `[channel][position]`, `rowBytes` from one channel to the next;
 * - panels: `[position / P][channel][P]`, what the inner loop reads one after the other;
 * - packed weights: `[output / B][input][B]`, outputs filled up with zeros.
 * Addresses are in bytes and need no alignment; positions and outputs come in multiples of P and of B.
 * 4 x 8 sums are eight vectors in registers, which is as many as V8 keeps there: unrolling the loop or taking larger blocks
 * spills them and halves the speed. In the wide build 6 x 16 sums are twelve registers of 256 bits, once V8 has joined the
 * vectors in pairs. Each sum is made in the same order in all builds.
 */

// @ts-ignore: a constant given to the compiler
export const blockOutputs: i32 = WIDE ? 6 : 4
// @ts-ignore: a constant given to the compiler
export const panelPositions: i32 = WIDE ? 16 : 8
// @ts-ignore: a constant given to the compiler
export const stepBytes: usize = WIDE ? 64 : 32 // of a panel, from one channel to the next
// @ts-ignore: a constant given to the compiler
export const weightBytes: usize = WIDE ? 24 : 16 // of a block, from one input to the next

/** Packs `weight[outputs][inputs]`, rows `weightRowBytes` apart, as if it had zeros up to `paddedInputs`. */
export function packWeights(packed: usize, weight: usize, weightRowBytes: usize, outputs: i32, inputs: i32, paddedInputs: i32): void {
  for (let block = 0; block < outputs; block += blockOutputs) {
    for (let lane = 0; lane < blockOutputs; lane++) {
      const output = block + lane
      const known = output < outputs ? inputs : 0
      let to = packed + ((<usize>block * paddedInputs + lane) << 2)
      let from = weight + <usize>output * weightRowBytes
      let i = 0
      for (; i < known; i++, to += weightBytes, from += 4) store<f32>(to, load<f32>(from))
      for (; i < paddedInputs; i++, to += weightBytes) store<f32>(to, 0)
    }
  }
}

/** Rows to panels. */
export function toPanels(panels: usize, rows: usize, rowBytes: usize, channels: i32, panelCount: i32): void {
  for (let p = 0; p < panelCount; p++, rows += stepBytes) {
    const end = rows + <usize>channels * rowBytes
    for (let from = rows; from < end; from += rowBytes, panels += stepBytes) {
      const x0 = v128.load(from)
      const x1 = v128.load(from, 16)
      // @ts-ignore: a constant given to the compiler
      if (WIDE) {
        const x2 = v128.load(from, 32)
        const x3 = v128.load(from, 48)
        v128.store(panels, x2, 32)
        v128.store(panels, x3, 48)
      }
      v128.store(panels, x0)
      v128.store(panels, x1, 16)
    }
  }
}

/**
 * Rows to panels with `(x - mean) / sqrt(variance + epsilon) * weight + bias` over channels at each position; the
 * variance is biased and taken in a second pass over the differences, so that a large mean costs no digits.
 * Sixteen positions, a cache line of each row, at a time: panels of eight are written in pairs, the last one beside nothing.
 */
export function normalizeToPanels(
  panels: usize, rows: usize, rowBytes: usize, channels: i32, panelCount: i32, weight: usize, bias: usize, epsilon: f32,
): void {
  const perChannel = f32x4.splat(1 / <f32>channels)
  // @ts-ignore: a constant given to the compiler
  const panelsAtOnce = WIDE ? 1 : 2
  for (let p = 0; p < panelCount; p += panelsAtOnce, rows += 64, panels += <usize>channels << 6) {
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
    for (let x = rows; x < end; x += rowBytes, to += stepBytes, w += 4, b += 4) {
      const vw = v128.load32_splat(w)
      const vb = v128.load32_splat(b)
      const y0 = madd(v128.mul<f32>(v128.sub<f32>(v128.load(x), m0), s0), vw, vb)
      const y1 = madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 16), m1), s1), vw, vb)
      const y2 = madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 32), m2), s2), vw, vb)
      const y3 = madd(v128.mul<f32>(v128.sub<f32>(v128.load(x, 48), m3), s3), vw, vb)
      v128.store(to, y0)
      v128.store(to, y1, 16)
      // @ts-ignore: a constant given to the compiler
      if (WIDE) {
        v128.store(to, y2, 32)
        v128.store(to, y3, 48)
      } else {
        const second = to + (<usize>channels << 5)
        v128.store(second, y2)
        v128.store(second, y3, 16)
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function inverseDeviation(squares: v128, perChannel: v128, epsilon: f32): v128 {
  return v128.div<f32>(f32x4.splat(1), v128.sqrt<f32>(madd(squares, perChannel, f32x4.splat(epsilon))))
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

/** `y += x`, `vectors` times four values, an even number. */
export function addTo(y: usize, x: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i += 2, x += 32, y += 32) {
    const sum0 = v128.add<f32>(v128.load(y), v128.load(x))
    const sum1 = v128.add<f32>(v128.load(y, 16), v128.load(x, 16))
    v128.store(y, sum0)
    v128.store(y, sum1, 16)
  }
}

/** `y[r][..] += values[r]` for rows of `vectors` times four values, an even number. */
export function addToRows(y: usize, rowBytes: usize, values: usize, rows: i32, vectors: i32): void {
  const bytes = <usize>vectors << 4
  for (let r = 0; r < rows; r++, y += rowBytes, values += 4) {
    const value = v128.load32_splat(values)
    for (let to = y, end = y + bytes; to < end; to += 32) {
      const sum0 = v128.add<f32>(v128.load(to), value)
      const sum1 = v128.add<f32>(v128.load(to, 16), value)
      v128.store(to, sum0)
      v128.store(to, sum1, 16)
    }
  }
}
