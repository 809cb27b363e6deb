import { describe, expect, it } from 'vitest'
import { columnsOf } from '../../src/kernels/dilated-conv/plan.ts'
import {
  type CpuDilatedConvRequest,
  directPlan,
  expectedNanoseconds,
  planDilatedConvCpu,
  transformPlan,
} from '../../src/kernels/dilated-conv/plan.cpu.ts'
import {
  filterSpectraFloats,
  frequencyOrder,
  places,
  planeBytesOf,
  radices,
  twiddles,
} from '../../src/kernels/dilated-conv/spectra.ts'

const request = (
  width: number,
  dilation: number,
  length: number,
  more: Partial<CpuDilatedConvRequest> = {},
): CpuDilatedConvRequest => ({
  inChannels: 32,
  outChannels: 32,
  width,
  dilation,
  length,
  workerCount: 2,
  ...more,
})

describe('planDilatedConvCpu', () => {
  it('takes the direct sum for 1x1, few channels and a handful of positions', () => {
    expect(planDilatedConvCpu(request(1, 1, 100_000)).method).toBe('direct')
    expect(planDilatedConvCpu(request(11, 1, 1)).method).toBe('direct')
    expect(planDilatedConvCpu(request(3, 1, 100_000, { inChannels: 1, outChannels: 1 })).method).toBe('direct')
  })

  it('takes the direct sum where the frequency domain would need rows out of all proportion', () => {
    expect(planDilatedConvCpu(request(11, 1_000_000, 10_000)).method).toBe('direct')
    expect(planDilatedConvCpu(request(5000, 1, 10_000)).method).toBe('direct')
  })

  it.each([
    [11, 1],
    [11, 4],
    [21, 10],
    [41, 25],
  ])('takes the frequency domain for OpenSpliceAI width %i, dilation %i', (width, dilation) => {
    const r = request(width, dilation, 100_000)
    const plan = planDilatedConvCpu(r)
    expect(plan).toMatchObject({ method: 'transform', validLength: expect.any(Number) })
    expect(expectedNanoseconds(plan, r)).toBeLessThan(expectedNanoseconds(directPlan(r), r) / 1.5)
  })

  it('chooses method and transform, which decide the rounding, whatever the number of workers', () => {
    for (const [width, dilation] of [
      [3, 1],
      [11, 1],
      [11, 4],
      [21, 10],
      [41, 25],
    ] as const) {
      for (const length of [33, 550, 700, 5000, 20_000, 131_072]) {
        const [first, ...others] = [1, 2, 3, 16, 64].map((workerCount) =>
          planDilatedConvCpu(request(width, dilation, length, { workerCount })),
        )
        const formOf = (plan: typeof first) => (plan.method === 'transform' ? plan.fftSize : 0)
        for (const plan of others) expect(formOf(plan)).toBe(formOf(first))
      }
    }
  })

  it('shares the work out', () => {
    for (const length of [5000, 20_000, 100_000]) {
      for (const workerCount of [1, 2, 4]) {
        const plan = transformPlan(request(11, 1, length, { workerCount }), 64)
        const blocks = Math.ceil(length / (plan.segmentCount * plan.validLength))
        expect(blocks).toBeGreaterThanOrEqual(workerCount)
      }
    }
  })

  it.each([
    [16, 1, 1, 1],
    [16, 11, 1, 53],
    [64, 21, 10, 700],
    [256, 41, 25, 1_000_000],
    [1024, 1000, 3, 100],
  ])('transformPlan(%i) for width %i, dilation %i, length %i is sound', (fftSize, width, dilation, length) => {
    const plan = transformPlan(request(width, dilation, length), fftSize)
    expect(plan.validLength).toBe(fftSize - width + 1)
    expect(plan.segmentCount).toBeGreaterThanOrEqual(1)
    expect(plan.columnCount % 8).toBe(0)
  })
})

describe('columnsOf', () => {
  it('covers every position once and leaves no column without one', () => {
    for (const [length, validLength, dilation] of [
      [1, 5, 3],
      [14, 5, 3],
      [15, 5, 3],
      [16, 5, 3],
      [17, 5, 3],
      [18, 5, 3],
      [100, 7, 1],
    ] as const) {
      const columns = columnsOf(length, validLength, dilation)
      const seen = new Uint8Array(length)
      for (let k = 0; k < columns; k++) {
        const first = Math.floor(k / dilation) * validLength * dilation + (k % dilation)
        expect(first).toBeLessThan(length)
        for (let n = 0; n < validLength; n++) if (first + n * dilation < length) seen[first + n * dilation]++
      }
      expect([...seen]).toEqual(Array(length).fill(1))
    }
  })
})

describe('the order of frequencies', () => {
  it.each([16, 32, 64, 128, 256, 512, 1024])('is a permutation with one place a half row, size %i', (fftSize) => {
    expect(radices(fftSize).reduce((a, b) => a * b)).toBe(fftSize)
    expect(frequencyOrder(fftSize).toSorted((a, b) => a - b)).toEqual([...Array(fftSize).keys()])
    const rowBytes = 96
    const plane = planeBytesOf(5, rowBytes)
    const all = [...places(fftSize, plane, rowBytes)]
    expect(new Set(all).size).toBe(2 * fftSize)
    expect(Math.max(...all)).toBeLessThan(fftSize * plane)
    expect(all.every((offset) => offset % plane < rowBytes)).toBe(true)
  })

  it('has twiddles of every step but the last, and two or three planes a frequency', () => {
    expect(twiddles(16).length).toBe(4 * 6)
    expect(twiddles(128).length).toBe((32 + 8) * 6)
    expect(filterSpectraFloats(16, 5, 3)).toBe((2 + 3 * 7) * 2 * 3 * 4)
  })
})
