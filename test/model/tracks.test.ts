import { describe, expect, it } from 'vitest'
import { exponentialOfNegative, meanProbabilities } from '../../src/model/tracks.ts'

describe('probabilities', () => {
  it('e^x of what is not above 0', () => {
    let worst = 0
    for (let i = 0; i <= 700_000; i++) worst = Math.max(worst, Math.abs(exponentialOfNegative(-i / 1000) / Math.exp(-i / 1000) - 1))
    expect(worst).toBeLessThan(2e-13)
    expect([0, -0, -1e-300].map(exponentialOfNegative)).toEqual([1, 1, 1])
    expect(exponentialOfNegative(-708) / Math.exp(-708)).toBeCloseTo(1, 12)
    expect([-709, -1e300, Number.NEGATIVE_INFINITY].map(exponentialOfNegative)).toEqual([0, 0, 0])
    expect(exponentialOfNegative(Number.NaN)).toBeNaN()
  })
  it('are softmax over rows, the mean of all members', () => {
    const members = [Float32Array.of(1, -30, 2, 30, -1, 0), Float32Array.of(0, 5, 0, 5, 0, 5)]
    const softmax = (logits: Float32Array, t: number, k: number): number => {
      const exps = [0, 1, 2].map((row) => Math.exp(logits[2 * row + t]!))
      return exps[k]! / (exps[0]! + exps[1]! + exps[2]!)
    }
    const got = meanProbabilities(members, 3)
    for (let k = 0; k < 3; k++) {
      for (let t = 0; t < 2; t++) expect(got[2 * k + t]).toBeCloseTo((softmax(members[0]!, t, k) + softmax(members[1]!, t, k)) / 2, 14)
    }
  })
  it('do not hide what is not a number', () => {
    const got = meanProbabilities([Float32Array.of(Number.NaN, 1, 2, 3, 4, Number.NaN)], 3)
    for (let t = 0; t < 2; t++) for (let k = 0; k < 3; k++) expect(got[2 * k + t]).toBeNaN()
  })
})
