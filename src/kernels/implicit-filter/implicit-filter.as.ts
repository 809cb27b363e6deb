import { stepBytes } from '../cpu/panels.lib.as'
import { exponential, madd, sineOfHalfTurns } from '../cpu/simd.lib.as'

export { multiply } from '../cpu/matmul.lib.as'
export { blockOutputs, packWeights, panelPositions } from '../cpu/panels.lib.as'

// @ts-ignore: a constant given to the compiler
const outputsAtOnce = WIDE ? 1 : 2 // sixteen values

/** Adding it to a f64 rounds that to a whole number; 1.5 * 2^52. */
const roundingMagic: f64 = 6755399441055744

/** a * b + c in f64, in one rounding where the engine has it. */
// @ts-ignore: decorator
@inline
function madd64(a: v128, b: v128, c: v128): v128 {
  // @ts-ignore: a constant given to the compiler
  if (RELAXED) return v128.relaxed_madd<f64>(a, b, c)
  return v128.add<f64>(v128.mul<f64>(a, b), c)
}

/** sin(2π a) in f32 of four f64: whole turns are taken off exactly, what is left is within ±1/2. */
// @ts-ignore: decorator
@inline
function sineOfTurns(a: v128, b: v128): v128 {
  const magic = f64x2.splat(roundingMagic)
  const restA = f32x4.demote_f64x2_zero(v128.sub<f64>(a, v128.sub<f64>(v128.add<f64>(a, magic), magic)))
  const restB = f32x4.demote_f64x2_zero(v128.sub<f64>(b, v128.sub<f64>(v128.add<f64>(b, magic), magic)))
  const rest = v128.shuffle<f32>(restA, restB, 0, 1, 4, 5)
  return sineOfHalfTurns(v128.add<f32>(rest, rest), f32x4.splat(0))
}

/**
 * The first layer, in f64 up to the sine because its argument reaches hundreds of radians:
 * `h[o][t] = sin(2π (bias[o] + Σ_e weight[o][e] z[e][t]))`, weight and bias in turns and in f64. z is f64,
 * `[position / 8][feature][8]`; h f32 in panels of `width` channels, an even number. `eights` is the number of eights of positions; with
 * panels of sixteen each fills half a panel.
 */
export function firstLayer(h: usize, z: usize, weight: usize, bias: usize, features: i32, width: i32, eights: i32): void {
  const panelBytes = <usize>features << 6
  const weightBytes = <usize>features << 3
  for (let p = 0; p < eights; p++, z += panelBytes) {
    const end = z + panelBytes
    let w = weight
    let b = bias
    // @ts-ignore: a constant given to the compiler
    let to: usize = WIDE ? h + (<usize>(p >> 1) * width << 6) + (<usize>(p & 1) << 5) : h + (<usize>p * width << 5)
    for (let o = 0; o < width; o += 2, to += 2 * stepBytes, w += weightBytes, b += 16) {
      let a0 = v128.load64_splat(b)
      let a1 = a0
      let a2 = a0
      let a3 = a0
      let b0 = v128.load64_splat(b, 8)
      let b1 = b0
      let b2 = b0
      let b3 = b0
      for (let x = z; x < end; x += 64, w += 8) {
        const wa = v128.load64_splat(w)
        const wb = v128.load64_splat(w + weightBytes)
        const x0 = v128.load(x)
        const x1 = v128.load(x, 16)
        const x2 = v128.load(x, 32)
        const x3 = v128.load(x, 48)
        a0 = madd64(wa, x0, a0)
        b0 = madd64(wb, x0, b0)
        a1 = madd64(wa, x1, a1)
        b1 = madd64(wb, x1, b1)
        a2 = madd64(wa, x2, a2)
        b2 = madd64(wb, x2, b2)
        a3 = madd64(wa, x3, a3)
        b3 = madd64(wb, x3, b3)
      }
      const y0 = sineOfTurns(a0, a1)
      const y1 = sineOfTurns(a2, a3)
      const y2 = sineOfTurns(b0, b1)
      const y3 = sineOfTurns(b2, b3)
      v128.store(to, y0)
      v128.store(to, y1, 16)
      v128.store(to + stepBytes, y2)
      v128.store(to + stepBytes, y3, 16)
    }
  }
}

/**
 * `h[o][t] = sin(freq[o] h[o][t])` in place, panels of `width` channels (a multiple of 4). freq comes in half-turns as the
 * sum of two f32, `high[width]` then `low[width]`, and the product's rounding is made good where the engine has fused
 * multiply-add: at 100 radians a plain product would be off by 4e-6.
 */
export function sines(h: usize, freq: usize, width: i32, panelCount: i32): void {
  const lowOffset = <usize>width << 2
  for (let p = 0; p < panelCount; p++) {
    for (let o = 0; o < width; o += outputsAtOnce, h += 64) {
      const f = freq + (<usize>o << 2)
      const highA = v128.load32_splat(f)
      const lowA = v128.load32_splat(f + lowOffset)
      // @ts-ignore: a constant given to the compiler
      const highB = WIDE ? highA : v128.load32_splat(f, 4)
      // @ts-ignore: a constant given to the compiler
      const lowB = WIDE ? lowA : v128.load32_splat(f + lowOffset, 4)
      const y0 = scaledSine(v128.load(h), highA, lowA)
      const y1 = scaledSine(v128.load(h, 16), highA, lowA)
      const y2 = scaledSine(v128.load(h, 32), highB, lowB)
      const y3 = scaledSine(v128.load(h, 48), highB, lowB)
      v128.store(h, y0)
      v128.store(h, y1, 16)
      v128.store(h, y2, 32)
      v128.store(h, y3, 48)
    }
  }
}

// @ts-ignore: decorator
@inline
function scaledSine(x: v128, high: v128, low: v128): v128 {
  const a = v128.mul<f32>(x, high)
  return sineOfHalfTurns(a, madd(x, low, madd(x, high, v128.neg<f32>(a))))
}

/** `y[c][t] *= exp(-t[t] |deltas[c]|) + shift`; `vectors`, a multiple of 4, times four positions. */
export function applyWindow(y: usize, rowBytes: usize, t: usize, deltas: usize, shift: f32, channels: i32, vectors: i32): void {
  const vs = f32x4.splat(shift)
  const bytes = <usize>vectors << 4
  for (let c = 0; c < channels; c++, y += rowBytes, deltas += 4) {
    const rate = v128.neg<f32>(v128.abs<f32>(v128.load32_splat(deltas)))
    for (let i: usize = 0; i < bytes; i += 64) {
      const e0 = exponential(v128.mul<f32>(rate, v128.load(t + i)))
      const e1 = exponential(v128.mul<f32>(rate, v128.load(t + i, 16)))
      const e2 = exponential(v128.mul<f32>(rate, v128.load(t + i, 32)))
      const e3 = exponential(v128.mul<f32>(rate, v128.load(t + i, 48)))
      const to = y + i
      const y0 = v128.mul<f32>(v128.load(to), v128.add<f32>(e0, vs))
      const y1 = v128.mul<f32>(v128.load(to, 16), v128.add<f32>(e1, vs))
      const y2 = v128.mul<f32>(v128.load(to, 32), v128.add<f32>(e2, vs))
      const y3 = v128.mul<f32>(v128.load(to, 48), v128.add<f32>(e3, vs))
      v128.store(to, y0)
      v128.store(to, y1, 16)
      v128.store(to, y2, 32)
      v128.store(to, y3, 48)
    }
  }
}
