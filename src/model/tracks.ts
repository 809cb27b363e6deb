import { baseIndex } from './alphabet.ts'
import type { Track } from './model.ts'

export const spliceTracks: readonly Track[] = [
  {
    name: 'acceptor',
    isDefault: true,
    description: 'probability that the base is the first of an exon (splice acceptor)',
  },
  { name: 'donor', isDefault: true, description: 'probability that the base is the last of an exon (splice donor)' },
  { name: 'neither', isDefault: false, description: 'probability that the base is no splice site' },
]

export const languageTracks: readonly Track[] = [
  {
    name: 'log_likelihood',
    isDefault: true,
    description: 'natural log of the probability of the base, given all bases before it',
  },
  ...['a', 'c', 'g', 't'].map((base) => ({
    name: `p_${base}`,
    isDefault: true,
    description: `predicted probability of ${base.toUpperCase()} at this position`,
  })),
  { name: 'entropy', isDefault: false, description: 'entropy of the predicted distribution, in bits' },
]

/** Adds softmax over `rows` of logits `[rows, length]` (contiguous) to `sums`, same layout, in float64. */
function addSoftmax(sums: Float64Array, logits: Float32Array, rows: number): void {
  const length = logits.length / rows
  const exps = new Float64Array(rows)
  for (let t = 0; t < length; t++) {
    let max = logits[t]
    for (let k = 1; k < rows; k++) {
      const logit = logits[k * length + t]
      if (!(logit <= max)) max = logit // NaN too
    }
    let total = 0
    for (let k = 0; k < rows; k++) {
      exps[k] = Math.exp(logits[k * length + t] - max)
      total += exps[k]
    }
    const scale = 1 / total
    for (let k = 0; k < rows; k++) sums[k * length + t] += exps[k] * scale
  }
}

/** Mean over members of softmax(logits), each `[rows, length]`; gives `[rows, length]` in float64. */
export function meanProbabilities(members: readonly Float32Array[], rows: number): Float64Array {
  const sums = new Float64Array(members[0].length)
  for (const logits of members) addSoftmax(sums, logits, rows)
  if (members.length > 1) for (let i = 0; i < sums.length; i++) sums[i] /= members.length
  return sums
}

/** Splice tracks from probabilities `[3, length]` in the order neither, acceptor, donor. */
export function spliceValues(probabilities: Float64Array, tracks: readonly string[]): Record<string, Float32Array> {
  const length = probabilities.length / 3
  const order = ['neither', 'acceptor', 'donor']
  return Object.fromEntries(
    tracks.map((name) => {
      const k = order.indexOf(name)
      return [name, Float32Array.from(probabilities.subarray(k * length, (k + 1) * length))]
    }),
  )
}

/**
 * Turns "logits at t predict base t + 1" into tracks at the predicted position: the distribution for a block's first
 * base was computed with the block before it and is carried over.
 */
export class LanguageValues {
  #carried: Float64Array | undefined

  /** `probabilities` [4, length] of A C G T for the base after each of `bases`. NaN where there is no value. */
  next(probabilities: Float64Array, bases: Uint8Array, tracks: readonly string[]): Record<string, Float32Array> {
    const length = bases.length
    const shifted = new Float64Array(4 * length)
    for (let k = 0; k < 4; k++) {
      shifted[k * length] = this.#carried ? this.#carried[k] : Number.NaN
      shifted.set(probabilities.subarray(k * length, (k + 1) * length - 1), k * length + 1)
    }
    this.#carried = Float64Array.from({ length: 4 }, (_, k) => probabilities[(k + 1) * length - 1])
    return Object.fromEntries(tracks.map((name) => [name, this.#track(name, shifted, bases)]))
  }

  #track(name: string, p: Float64Array, bases: Uint8Array): Float32Array {
    const length = bases.length
    const row = ['p_a', 'p_c', 'p_g', 'p_t'].indexOf(name)
    if (row >= 0) return Float32Array.from(p.subarray(row * length, (row + 1) * length))
    const out = new Float32Array(length)
    if (name === 'log_likelihood') {
      for (let t = 0; t < length; t++) {
        const base = baseIndex[bases[t]]
        out[t] = base < 0 ? Number.NaN : Math.log(p[base * length + t])
      }
    } else {
      for (let t = 0; t < length; t++) {
        let bits = 0
        for (let k = 0; k < 4; k++) {
          const q = p[k * length + t]
          bits -= q === 0 ? 0 : q * Math.log2(q)
        }
        out[t] = bits
      }
    }
    return out
  }
}
