import { exponential, madd, sineOfHalfTurns } from '../cpu/simd.lib.as'

export { multiply, packWeights } from '../cpu/matmul.lib.as'

const halfTurn: f64 = 3.141592653589793
/** Adding it to a f64 rounds that to a whole number and leaves it in the low bits; 1.5 * 2^52. */
const roundingMagic: f64 = 6755399441055744

// @ts-ignore: decorator
@inline
function splat64(address: usize): v128 {
  return v128.load64_splat(address)
}

/** Half-turns to what is left of them after whole turns, in [-1, 1], exactly. */
// @ts-ignore: decorator
@inline
function fraction(a: v128): v128 {
  // Of an even number of half-turns nothing is left: round a / 2.
  const magic = f64x2.splat(roundingMagic)
  const turns = v128.sub<f64>(v128.add<f64>(v128.mul<f64>(a, f64x2.splat(0.5)), magic), magic)
  return v128.sub<f64>(a, v128.add<f64>(turns, turns))
}

// @ts-ignore: decorator
@inline
function demote(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 1, 4, 5)
}

/**
 * The first layer, in f64 up to the sine because its argument reaches hundreds of radians:
 * `h[o][t] = sin(freq[o] (bias[o] + Σ_e weight[o][e] z[e][t]))`. z, weight, bias, freq are f64; z is in panels
 * `[position / 8][feature][8]`; h in panels of `width` channels in f32.
 */
export function firstLayer(h: usize, z: usize, weight: usize, bias: usize, freq: usize, features: i32, width: i32, panelCount: i32): void {
  const panelBytes = <usize>features << 6
  for (let p = 0; p < panelCount; p++, z += panelBytes) {
    const end = z + panelBytes
    let w = weight
    for (let o = 0; o < width; o++, h += 32) {
      let a0 = splat64(bias + (<usize>o << 3))
      let a1 = a0
      let a2 = a0
      let a3 = a0
      for (let x = z; x < end; x += 64, w += 8) {
        const s = splat64(w)
        a0 = v128.add<f64>(a0, v128.mul<f64>(s, v128.load(x)))
        a1 = v128.add<f64>(a1, v128.mul<f64>(s, v128.load(x, 16)))
        a2 = v128.add<f64>(a2, v128.mul<f64>(s, v128.load(x, 32)))
        a3 = v128.add<f64>(a3, v128.mul<f64>(s, v128.load(x, 48)))
      }
      const f = v128.mul<f64>(splat64(freq + (<usize>o << 3)), f64x2.splat(1 / halfTurn))
      a0 = fraction(v128.mul<f64>(a0, f))
      a1 = fraction(v128.mul<f64>(a1, f))
      a2 = fraction(v128.mul<f64>(a2, f))
      a3 = fraction(v128.mul<f64>(a3, f))
      const zero = f32x4.splat(0)
      v128.store(h, sineOfHalfTurns(demote(a0, a1), zero))
      v128.store(h, sineOfHalfTurns(demote(a2, a3), zero), 16)
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
    for (let o = 0; o < width; o += 2, h += 64) {
      const f = freq + (<usize>o << 2)
      const highA = v128.load32_splat(f)
      const lowA = v128.load32_splat(f + lowOffset)
      const highB = v128.load32_splat(f, 4)
      const lowB = v128.load32_splat(f + lowOffset, 4)
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
      v128.store(to, v128.mul<f32>(v128.load(to), v128.add<f32>(e0, vs)))
      v128.store(to, v128.mul<f32>(v128.load(to, 16), v128.add<f32>(e1, vs)), 16)
      v128.store(to, v128.mul<f32>(v128.load(to, 32), v128.add<f32>(e2, vs)), 32)
      v128.store(to, v128.mul<f32>(v128.load(to, 48), v128.add<f32>(e3, vs)), 48)
    }
  }
}
