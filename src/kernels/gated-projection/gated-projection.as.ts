import { madd } from '../cpu/simd.lib.as'

export { multiply } from '../cpu/matmul.lib.as'
export { blockOutputs, normalizeToPanels, packWeights, panelPositions } from '../cpu/panels.lib.as'

/**
 * Short convolutions and gate for `channels` channels: rows x0, x1, v `[channels][.. + taps - 1]` to
 * `gate = conv(x0)` and `value = conv(v) conv(x1)`. The weights and biases of the three parts lie `partChannels`
 * channels apart.
 */
export function gateChannels(
  gate: usize, value: usize, x0: usize, x1: usize, v: usize, rowBytes: usize,
  shortWeight: usize, shortBias: usize, partChannels: i32, taps: i32, channels: i32, panelCount: i32,
): void {
  const tapBytes = <usize>taps << 2
  const biasPart = <usize>partChannels << 2
  const weightPart = <usize>partChannels * tapBytes
  for (let c = 0; c < channels; c++) {
    const bias0 = v128.load32_splat(shortBias)
    const bias1 = v128.load32_splat(shortBias + biasPart)
    const biasV = v128.load32_splat(shortBias + 2 * biasPart)
    for (let p: usize = 0, end = <usize>panelCount << 5; p < end; p += 32) {
      let g0 = bias0
      let g1 = bias0
      let a0 = bias1
      let a1 = bias1
      let b0 = biasV
      let b1 = biasV
      for (let j: usize = 0; j < tapBytes; j += 4) {
        const w = shortWeight + j
        const t = p + j
        let s = v128.load32_splat(w)
        g0 = madd(s, v128.load(x0 + t), g0)
        g1 = madd(s, v128.load(x0 + t, 16), g1)
        s = v128.load32_splat(w + weightPart)
        a0 = madd(s, v128.load(x1 + t), a0)
        a1 = madd(s, v128.load(x1 + t, 16), a1)
        s = v128.load32_splat(w + 2 * weightPart)
        b0 = madd(s, v128.load(v + t), b0)
        b1 = madd(s, v128.load(v + t, 16), b1)
      }
      v128.store(gate + p, g0)
      v128.store(gate + p, g1, 16)
      v128.store(value + p, v128.mul<f32>(a0, b0))
      v128.store(value + p, v128.mul<f32>(a1, b1), 16)
    }
    gate += rowBytes
    value += rowBytes
    x0 += rowBytes
    x1 += rowBytes
    v += rowBytes
    shortWeight += tapBytes
    shortBias += 4
  }
}
