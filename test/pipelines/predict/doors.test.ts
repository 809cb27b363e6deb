import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { indexGenome } from '../../../pipelines/index-genome.ts'
import { loadModel, type LoadModelOptions } from '../../../pipelines/models/load-model.ts'
import { predict } from '../../../pipelines/predict.ts'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'
import { ConfigError, RegionError } from '../../../src/errors.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { memoryGenome } from '../../support/memory-genome.ts'

// What callers without types, or with computed values, may give: a typed error before anything is read or computed.

const genome = memoryGenome({ a: 'ACGTACGTACGT' })

/** The rows of a run; what it throws. */
async function rows(options: unknown, model: unknown = fakeModel('windows'), input: unknown = genome): Promise<number> {
  let count = 0
  for await (const { bases } of predict(model as never, input as never, options as PredictOptions))
    count += bases.length
  return count
}

describe('predict', () => {
  test.each<[string, unknown]>([
    ['chunk 0', { chunk: 0 }],
    ['chunk -5', { chunk: -5 }],
    ['chunk 1000.5', { chunk: 1000.5 }],
    ['chunk as text', { chunk: '100' }],
    ['memory NaN', { memory: Number.NaN }],
    ['memory below 0', { memory: -1 }],
    ['doneRows -1', { doneRows: -1 }],
    ['doneRows 0.5', { doneRows: 0.5 }],
    ['an unknown strand', { strand: 'x' }],
    ['context -1', { context: -1 }],
    ['context as a word', { context: 'some' }],
    ['tracks as text', { tracks: 'donor' }],
    ['a track that is not there', { tracks: ['x'] }],
    ['regions as one region', { regions: { contig: 'a', start: 0, end: 1 } }],
    ['onProgress as text', { onProgress: 'x' }],
    ['a signal that is none', { signal: {} }],
    ['options as an array', []],
  ])('%s is a ConfigError', async (_, options) => {
    await expect(rows(options)).rejects.toThrow(ConfigError)
  })

  test.each<[string, unknown]>([
    ['coordinates as text', { contig: 'a', start: '0', end: 4 }],
    ['fractions', { contig: 'a', start: 0.5, end: 4 }],
    ['NaN', { contig: 'a', start: 0, end: Number.NaN }],
    ['an empty region', { contig: 'a', start: 4, end: 4 }],
    ['the end before the start', { contig: 'a', start: 4, end: 2 }],
    ['an unknown strand', { contig: 'a', start: 0, end: 4, strand: '.' }],
    ['no region', undefined],
    ['beyond the contig', { contig: 'a', start: 0, end: 13 }],
    ['another contig', { contig: 'constructor', start: 0, end: 4 }],
  ])('a region: %s is a RegionError', async (_, region) => {
    await expect(rows({ regions: [region] })).rejects.toThrow(RegionError)
  })

  test('a missing model or genome is a ConfigError', async () => {
    await expect(rows({}, {})).rejects.toThrow(/model: missing or not usable/)
    await expect(rows({}, null)).rejects.toThrow(ConfigError)
    await expect(rows({}, fakeModel('windows'), 'genome.fa')).rejects.toThrow(/genome: missing or not usable/)
    await expect(rows({}, fakeModel('windows'), [genome, undefined])).rejects.toThrow(ConfigError)
  })

  test('any value of any option gives every row, or a typed error', async () => {
    const anything = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.string(),
      fc.constant(null),
      fc.constant(undefined),
      fc.array(fc.integer()),
    )
    const number = fc.oneof(fc.integer({ min: -3, max: 20 }), anything)
    const options = fc.record(
      {
        chunk: number,
        doneRows: number,
        context: fc.oneof(number, fc.constantFrom('full', 'none')),
        strand: fc.oneof(fc.constantFrom('+', '-', 'both'), anything),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        const outcome = await rows(given).catch((error: unknown) => error)
        if (typeof outcome === 'number') expect(outcome).toBe(Math.max(0, 12 - ((given.doneRows as number) ?? 0)))
        else expect(outcome).toBeInstanceOf(ConfigError)
      }),
      { numRuns: 300 },
    )
  })
})

test('loadModel and indexGenome check what they are given', async () => {
  await expect(loadModel('splice', {} as LoadModelOptions)).rejects.toThrow(/backend: missing or not usable/)
  await expect(loadModel('splice', undefined as unknown as LoadModelOptions)).rejects.toThrow(ConfigError)
  await expect(indexGenome(undefined as unknown as string)).rejects.toThrow(ConfigError)
})
