import { describe, expect, it } from 'vitest'
import { ConfigError, LimitError, ShapeError } from '../../src/errors.ts'
import { measureCostConstants } from '../../src/kernels/long-conv/calibrate.cpu.ts'
import { defaultCostConstants } from '../../src/kernels/long-conv/cost-model.ts'
import { explainPlan, filterBytesOf, keptBlocks, spectrumFloatsOf } from '../../src/kernels/long-conv/plan.ts'
import { factorings, planLongConvCpu, transformSizes } from '../../src/kernels/long-conv/plan.cpu.ts'
import { levelsOf, nodeAngles, rowFrequencies, twiddleTables } from '../../src/kernels/long-conv/twiddles.ts'
import { transformOf } from '../support/plans.ts'

const plan = (length: number, filterLength: number, more = {}) =>
  planLongConvCpu({ channelCount: 64, length, filterLength, ...more })

describe('plans', () => {
  const lengths = [1, 2, 15, 16, 17, 1000, 4099, 65_536, 160_002, 1_000_000, 4_194_304, 100_000_000]
  const filters = [1, 2, 16, 100, 1026, 32_770, 160_002, 1_000_002, 4_194_304]
  it.each(lengths.flatMap((length) => filters.map((k) => [length, k])))(
    '%i positions and %i taps: segments cover the outputs and wrap nowhere',
    (length, filterLength) => {
      const p = plan(length, filterLength)
      if (p.method === 'direct') {
        expect(filterLength < 200 || length < 200).toBe(true)
        return
      }
      expect(p.validLength).toBe(p.fftSize - filterLength + 1)
      expect(p.segmentCount).toBe(Math.ceil(length / p.validLength))
      expect(p.factors.reduce((a, b) => a * b, 1)).toBe(p.fftSize / 2)
      expect(transformSizes).toContain(p.fftSize / 2)
      // Work follows what is asked: no transform much larger than outputs and taps together need.
      expect(p.fftSize).toBeLessThan(Math.max(4096, 4 * (length + filterLength)))
    },
  )
  it('a short filter over a long sequence has a small transform: memory and size follow the filter', () => {
    expect(transformOf(plan(1_000_000, 1026)).fftSize).toBeLessThan(2 ** 17)
    expect(plan(1_000_000, 4).method).toBe('direct')
    expect(filterBytesOf(plan(1_000_000, 1026))).toBeLessThan(filterBytesOf(plan(1_000_000, 1_000_000)) / 16)
  })
  it('is deterministic, and follows the constants', () => {
    expect(plan(160_002, 160_002)).toEqual(plan(160_002, 160_002))
    const slowDirect = planLongConvCpu(
      { channelCount: 1, length: 10_000, filterLength: 20 },
      { ...defaultCostConstants, tapNs: 100 },
    )
    expect(slowDirect.method).toBe('transform')
  })
  it('constants measured here make sense, and give a plan', () => {
    const measured = measureCostConstants()
    for (const [name, value] of Object.entries({ ...measured, ...measured.radixNs, radixNs: 1 }))
      expect(value > 0 && Number.isFinite(value), name).toBe(true)
    const p = planLongConvCpu({ channelCount: 8, length: 100_000, filterLength: 3000 }, measured)
    expect(p.method).toBe('transform')
  })
  it('spectra are kept only within spectrumBytes', () => {
    const bytes = filterBytesOf(plan(1_000_000, 1_000_000))
    expect(transformOf(plan(1_000_000, 1_000_000, { spectrumBytes: bytes })).keepSpectra).toBe(true)
    const short = transformOf(plan(1_000_000, 1_000_000, { spectrumBytes: bytes / 4 }))
    expect(short.keepSpectra).toBe(false)
    expect(filterBytesOf(short)).toBe(64 * 1_000_000 * 4)
  })
  it('frequency sparsity leaves out its share of the blocks, and the estimate falls', () => {
    const times = [0, 0.25, 0.5, 0.75, 0.95].map((frequencySparsity) => {
      const p = transformOf(plan(262_144, 262_144, { frequencySparsity }))
      if (frequencySparsity > 0) {
        expect(keptBlocks(p) / p.factors[0]).toBeCloseTo(1 - frequencySparsity, 1)
        expect(spectrumFloatsOf(p)).toBe((p.fftSize / p.factors[0]) * keptBlocks(p))
      }
      return p.estimatedSeconds!
    })
    expect(times.slice(1)).toEqual([...times.slice(1)].sort((a, b) => b - a))
  })
  it('is explained in words', () => {
    const text = explainPlan(plan(1_000_000, 32_768))
    for (const part of ['64 channels', '1,000,000 positions', '32,768 taps', 'Monarch', 'spectra kept'])
      expect(text).toContain(part)
    expect(explainPlan(plan(100, 3))).toContain('definition')
  })
  it('refuses what cannot be', () => {
    expect(() => plan(0, 5)).toThrow(ShapeError)
    expect(() => plan(5, 1.5)).toThrow(ShapeError)
    expect(() => plan(5, 5, { frequencySparsity: 1 })).toThrow(ConfigError)
    expect(() => plan(100_000_000, 40_000_000)).toThrow(LimitError)
  })
})

describe('the tree of the transform', () => {
  it('every factoring multiplies to the size and splits into radices the kernels have', () => {
    for (const size of transformSizes) {
      expect(factorings(size).length, `${size}`).toBeGreaterThan(0)
      for (const factors of factorings(size)) {
        const { levels } = levelsOf(factors)
        expect(levels.reduce((n, { radix }) => n * radix, 1)).toBe(size)
        expect(levels.every(({ radix }) => [2, 3, 4, 5].includes(radix))).toBe(true)
        expect(levels.slice(-2).map(({ radix }) => radix)).toEqual([4, 4])
      }
    }
  })
  it('the leaves are all the roots of X^N = i, once each', () => {
    const { levels } = levelsOf([15, 32])
    const angles = nodeAngles(levels, levels.length, 0.25)
    const bins = [...angles].map((a) => Math.round(a * 480 - 0.25)).sort((a, b) => a - b)
    expect(bins).toEqual(Array.from({ length: 480 }, (_, f) => f))
    angles.forEach((a) => {
      expect(a * 480 - 0.25).toBeCloseTo(Math.round(a * 480 - 0.25), 9)
    })
    expect([...rowFrequencies([15, 32])].sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, f) => f))
  })
  it('twiddles have modulus one', () => {
    const tables = twiddleTables([6, 64])
    for (const table of [...tables.levels, tables.rows]) {
      for (let i = 0; i < table.length; i += 2) expect(Math.hypot(table[i], table[i + 1])).toBeCloseTo(1, 6)
    }
  })
})
