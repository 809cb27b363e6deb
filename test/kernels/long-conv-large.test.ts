import { afterAll, describe, expect, it } from 'vitest'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { longConv } from '../../src/kernels/long-conv/api.ts'
import { randomArray } from '../support/backends.ts'

/** Largest difference from sums in float64 at some positions, divided by the largest output. */
function spotError(got: Float32Array, x: Float32Array, k: Float32Array, positions: number[]): number {
  let worst = 0
  for (const t of positions) {
    let sum = 0
    for (let j = 0; j <= Math.min(t, k.length - 1); j++) sum += k[j] * x[t - j]
    worst = Math.max(worst, Math.abs(got[t] - sum))
  }
  return worst / got.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
}

describe('large long convolutions on cpu', () => {
  const b = createCpuBackend({ threads: 2 })
  afterAll(() => b.destroy())

  it.each([
    [1_000_002, 1_000_002, 1],
    [1_000_002, 1_000_002, 0],
    [4_194_304, 4_194_304, 0],
    [4_194_304, 32_770, 0],
    [2_300_000, 1_000_002, 0],
  ])('%i positions, %i taps, mean %f', async (length, filterLength, mean) => {
    const x = randomArray(length, 1).map((v) => v + mean)
    const k = randomArray(filterLength, 2).map((v) => v + mean)
    const got = await longConv(b, { input: x, filter: k, channelCount: 1 })
    const positions = [0, 1, filterLength - 1, filterLength, length - 1].filter((t) => t < length)
    for (let i = 1; i < 12; i++) positions.push(Math.floor((length * i) / 12))
    expect(spotError(got, x, k, positions)).toBeLessThan(2e-6)
  })
})
