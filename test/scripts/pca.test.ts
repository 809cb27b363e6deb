import { expect, it } from 'vitest'
import { principalComponents } from '../../scripts/pca.mjs'

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0)

it('finds the axes that rows were made along, most variance first', () => {
  const rowCount = 400
  const wave = (row: number, cycles: number): number => Math.sin((2 * Math.PI * cycles * row) / rowCount) // different ones are orthogonal
  // Columns 0 to 3 follow one number, 4 and 5 another, 6 is its own.
  const made = Array.from({ length: rowCount }, (_, row) => [wave(row, 1), wave(row, 3), wave(row, 5)])
  const rows = made.map(([a, b, c]) => [a, 5 * a, -a, a + 0.001 * c, b, 2 * b + 3, c])
  const [first, second, third] = principalComponents(rows, 3)
  const near = (values: readonly number[], expected: readonly number[]): void => {
    for (const [i, v] of values.entries()) expect(Math.abs(v)).toBeCloseTo(expected[i], 2)
  }
  near(first.axis, [0.5, 0.5, 0.5, 0.5, 0, 0, 0])
  near(second.axis, [0, 0, 0, 0, Math.SQRT1_2, Math.SQRT1_2, 0])
  expect(first.share).toBeCloseTo(4 / 7, 3)
  expect(second.share).toBeCloseTo(2 / 7, 3)
  expect(third.share).toBeLessThan(second.share)
  expect(dot(first.axis, first.axis)).toBeCloseTo(1, 9)
  expect(dot(first.axis, second.axis)).toBeCloseTo(0, 6)
  const variance = dot(first.scores, first.scores) / rows.length
  expect(variance).toBeCloseTo(7 * first.share, 6)
})

it('takes columns that do not vary', () => {
  const [{ axis, scores }] = principalComponents(
    [
      [1, 5],
      [2, 5],
      [3, 5],
    ],
    1,
  )
  expect(axis[1]).toBe(0)
  expect(scores[0]).toBeCloseTo(-scores[2], 9)
})
