import type { HyenaArchitecture, NamedTensor } from '../../src/model/checkpoint.ts'
import { geluTanh, layerNorm, linear, type Matrix } from './linear.ts'

/** Naive float64 HyenaDNA (docs/models.md, section 1): logits [16][length] for token ids. */
export function hyenaLogits(
  a: HyenaArchitecture,
  tensors: ReadonlyMap<string, NamedTensor>,
  ids: readonly number[],
): Matrix {
  return linear(hyenaState(a, tensors, ids, -1), tensors.get('lm_head.weight')!.data, undefined, a.vocabularySize)
}

/** The state [modelWidth][length] for token ids: the embedding (0), after layer `layer`, or after the last norm (-1). */
export const hyenaState = (
  a: HyenaArchitecture,
  tensors: ReadonlyMap<string, NamedTensor>,
  ids: readonly number[],
  layer: number,
): Matrix => hyenaStates(a, tensors, ids, layer === -1 ? a.layerCount : layer).at(layer)!

/**
 * States [modelWidth][length] for token ids: the embedding, after each of the first `layerCount` layers and, at the end, what the last
 * norm makes of it. Direct sums, filters from the MLP; no shortcuts.
 */
export function hyenaStates(
  a: HyenaArchitecture,
  tensors: ReadonlyMap<string, NamedTensor>,
  ids: readonly number[],
  layerCount = a.layerCount,
): Matrix[] {
  const get = (name: string): Float32Array => tensors.get(name)!.data
  const length = ids.length
  const d = a.modelWidth
  const table = get('backbone.embeddings.word_embeddings.weight')
  let r: Matrix = Array.from({ length: d }, (_, c) => Float64Array.from(ids, (id) => table[id * d + c]))
  const states = [r]
  for (let i = 0; i < layerCount; i++) {
    const prefix = `backbone.layers.${i}`
    const p = (name: string): Float32Array => get(`${prefix}.${name}`)
    const u = linear(
      layerNorm(r, p('norm1.weight'), p('norm1.bias'), a.layerNormEpsilon),
      p('mixer.in_proj.weight'),
      p('mixer.in_proj.bias'),
      3 * d,
    )
    const s = u.map((row, c) =>
      row.map((_, t) => {
        let sum = p('mixer.short_filter.bias')[c]
        for (let j = 0; j < 3; j++)
          if (t - 2 + j >= 0) sum += p('mixer.short_filter.weight')[c * 3 + j] * row[t - 2 + j]
        return sum
      }),
    )
    const k = hyenaFilter(a, tensors, `${prefix}.mixer.filter_fn`, Math.min(length, a.maxLength))
    const y = Array.from({ length: d }, (_, c) => {
      const g = Float64Array.from({ length }, (_, t) => s[2 * d + c][t] * s[d + c][t])
      return g.map((_, t) => {
        let sum = p('mixer.filter_fn.bias')[c] * g[t]
        for (let j = 0; j <= t && j < k[c].length; j++) sum += k[c][j] * g[t - j]
        return sum * s[c][t]
      })
    })
    const mixed = linear(y, p('mixer.out_proj.weight'), p('mixer.out_proj.bias'), d)
    r = r.map((row, c) => row.map((v, t) => v + mixed[c][t]))
    const hidden = linear(
      layerNorm(r, p('norm2.weight'), p('norm2.bias'), a.layerNormEpsilon),
      p('mlp.fc1.weight'),
      p('mlp.fc1.bias'),
      a.innerWidth,
    )
    const out = linear(
      hidden.map((row) => row.map(geluTanh)),
      p('mlp.fc2.weight'),
      p('mlp.fc2.bias'),
      d,
    )
    r = r.map((row, c) => row.map((v, t) => v + out[c][t]))
    states.push(r)
  }
  return [...states, layerNorm(r, get('backbone.ln_f.weight'), get('backbone.ln_f.bias'), a.layerNormEpsilon)]
}

/** Taps [channels][count] of one layer in float64, tables computed. */
export function hyenaFilter(
  a: HyenaArchitecture,
  tensors: ReadonlyMap<string, NamedTensor>,
  prefix: string,
  count: number,
): Matrix {
  const get = (name: string): Float32Array => tensors.get(`${prefix}.${name}`)!.data
  const bands = (a.embeddingSize - 1) / 2
  const freq = get('implicit_filter.1.freq')
  const deltas = get('modulation.deltas')
  const out: Matrix = Array.from({ length: a.modelWidth }, () => new Float64Array(count))
  for (let i = 0; i < count; i++) {
    const t = i / (a.maxLength - 1)
    const w = (2 * Math.PI * i) / a.maxLength
    const f = Array.from({ length: bands }, (_, b) =>
      bands === 1 ? 1e-4 : 1e-4 + ((bands - 1 - 1e-4) * b) / (bands - 1),
    )
    let h: Matrix = [t, ...f.map((x) => Math.cos(x * w)), ...f.map((x) => -Math.sin(x * w))].map((v) =>
      Float64Array.of(v),
    )
    for (const n of [0, 2, 4]) {
      h = linear(h, get(`implicit_filter.${n}.weight`), get(`implicit_filter.${n}.bias`), a.filterMlpWidth).map(
        (v, o) => v.map((x) => Math.sin(freq[o] * x)),
      )
    }
    linear(h, get('implicit_filter.6.weight'), undefined, a.modelWidth).forEach((v, c) => {
      out[c][i] = v[0] * (Math.exp(-t * Math.abs(deltas[c])) + 0.05)
    })
  }
  return out
}
