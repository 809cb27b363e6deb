import { describe, expect, it } from 'vitest'
import { meanProbabilities } from '../../src/model/tracks.ts'

describe('probabilities', () => {
  it('are softmax over rows, the mean of all members', () => {
    const members = [Float32Array.of(1, -30, 2, 30, -1, 0), Float32Array.of(0, 5, 0, 5, 0, 5)]
    const softmax = (logits: Float32Array, t: number, k: number): number => {
      const exps = [0, 1, 2].map((row) => Math.exp(logits[2 * row + t]))
      return exps[k] / (exps[0] + exps[1] + exps[2])
    }
    const got = meanProbabilities(members, 3)
    for (let k = 0; k < 3; k++) {
      for (let t = 0; t < 2; t++)
        expect(got[2 * k + t]).toBeCloseTo((softmax(members[0], t, k) + softmax(members[1], t, k)) / 2, 14)
    }
  })
  it('do not hide what is not a number', () => {
    const got = meanProbabilities([Float32Array.of(Number.NaN, 1, 2, 3, 4, Number.NaN)], 3)
    for (let t = 0; t < 2; t++) for (let k = 0; k < 3; k++) expect(got[2 * k + t]).toBeNaN()
  })
})
