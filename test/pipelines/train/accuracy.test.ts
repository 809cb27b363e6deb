import { expect, it } from 'vitest'
import { accuracy, intervals } from '../../../pipelines/train/accuracy.ts'

const scores = {
  values: Float32Array.from([0.9, 0.1, 0.8, 0, 0.7, 0.2, 0.6, 0]),
  sites: Int32Array.from([0, 4, 7]),
  geneStarts: Int32Array.from([0, 4, 8]),
}

it('top-k and average precision by hand', () => {
  const { siteCount, topK, averagePrecision } = accuracy(scores)
  expect(siteCount).toBe(3)
  expect(topK).toBeCloseTo(2 / 3) // 0.9 and 0.7 are sites, 0.8 is none
  expect(averagePrecision).toBeCloseTo((1 + 2 / 3 + 3 / 7) / 3) // the third has no score: it comes last of 7 candidates
})

it('a tie is no advantage', () => {
  const equal = {
    values: new Float32Array(4).fill(0.5),
    sites: Int32Array.from([0]),
    geneStarts: Int32Array.from([0, 4]),
  }
  expect(accuracy(equal)).toEqual({ siteCount: 1, topK: 0, averagePrecision: 0.25 })
})

it('intervals hold the figure, and are the same again', () => {
  const [low, high] = intervals(scores, 1).averagePrecision
  expect(low).toBeLessThanOrEqual(accuracy(scores).averagePrecision)
  expect(high).toBeGreaterThanOrEqual(accuracy(scores).averagePrecision)
  expect(intervals(scores, 1)).toEqual(intervals(scores, 1))
})
