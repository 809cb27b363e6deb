import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadModel } from '../../../pipelines/models/load-model.ts'
import { predict } from '../../../pipelines/predict.ts'
import type { Genome, PredictionBatch, Region } from '../../../src/genome.ts'
import { createBackend } from '../../../src/kernels/create-backend.ts'
import type { Model } from '../../../src/model/model.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'

// A run with doneRows gives the rest of what a whole run gives, bit for bit.

/** Rows as text: contig, position, region, base, the bits of each value. */
async function rowsOf(batches: AsyncIterable<PredictionBatch>): Promise<string[]> {
  const rows: string[] = []
  for await (const { region, bases, tracks, regionIndex } of batches) {
    expect(bases.length).toBe(region.end - region.start)
    expect(bases.length).toBeGreaterThan(0)
    const bits = Object.entries(tracks).map(([name, values]) => [name, new Uint32Array(values.slice().buffer)] as const)
    for (const [i, base] of bases.entries())
      rows.push(
        `${region.contig} ${region.start + i} ${regionIndex} ${base} ${bits.map(([name, b]) => `${name}=${b[i]}`).join(' ')}`,
      )
  }
  return rows
}

async function expectRest(
  model: Model,
  genome: Genome,
  options: PredictOptions,
  cuts: readonly number[],
): Promise<void> {
  const whole = await rowsOf(predict(model, genome, options))
  for (const cut of cuts) {
    const doneRows = Math.min(whole.length, Math.round(cut * whole.length))
    const skipped: Region[] = []
    const progress: number[] = []
    let total: number | undefined
    const onProgress: PredictOptions['onProgress'] = ({ basesDone, basesTotal }) => {
      progress.push(basesDone)
      total = basesTotal
    }
    const rest = await rowsOf(
      predict(model, genome, { ...options, doneRows, onSkipped: (region) => skipped.push(region), onProgress }),
    )
    expect(rest).toEqual(whole.slice(doneRows))
    expect(skipped.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(doneRows)
    if (total !== undefined && progress.length > 0) expect(progress.at(-1)).toBe(total)
  }
}

const cuts = [0, 0.001, 0.2, 0.34, 0.5, 0.77, 0.999, 1]
const records = { a: randomSequence(301, 1), empty: '', b: randomSequence(170, 2), c: randomSequence(7, 3) }
const regions: Region[] = [
  { contig: 'b', start: 10, end: 160, strand: '-' },
  { contig: 'a', start: 0, end: 301, strand: '+' },
  { contig: 'a', start: 40, end: 90 },
  { contig: 'c', start: 2, end: 3, strand: '-' },
]

describe.each(['windows', 'causal'] as const)('%s', (kind) => {
  for (const strand of ['+', '-', 'both'] as const) {
    for (const isRandomAccess of [true, false]) {
      it(`records, strand ${strand}, ${isRandomAccess ? 'random access' : 'a stream'}`, async () => {
        await expectRest(fakeModel(kind), memoryGenome(records, { isRandomAccess }), { strand, chunk: 50 }, cuts)
      })
    }
  }
  for (const context of ['full', 'none', 2] as const) {
    it(`regions, context ${context}, one by one`, () =>
      expectRest(fakeModel(kind), memoryGenome(records), { regions, context, chunk: 50 }, cuts))
    it(`regions, context ${context}, in packs`, () =>
      expectRest(fakeModel(kind), memoryGenome(records), { regions, context }, cuts))
  }
})

it('what is done is neither read nor computed', async () => {
  const chunks: number[] = []
  const reads: Region[] = []
  const genome = memoryGenome({ a: randomSequence(10_000, 1), b: randomSequence(10_000, 2) })
  const watched: Genome = {
    ...genome,
    read: (region) => {
      reads.push(region)
      return genome.read(region)
    },
  }
  const model = fakeModel('windows', { onChunk: (start) => chunks.push(start) })
  const whole = (contig: string): Region => ({ contig, start: 0, end: 10_000 })
  await rowsOf(predict(model, watched, { regions: [whole('a'), whole('b')], chunk: 1000, doneRows: 15_500 }))
  expect(chunks).toHaveLength(5)
  expect(reads.every(({ contig, start }) => contig === 'b' && start >= 4997)).toBe(true)
})

it('a run from standard input cannot be resumed', async () => {
  const genome = memoryGenome({ a: 'ACGT' }, { isRandomAccess: false, name: '-' })
  await expect(rowsOf(predict(fakeModel('windows'), genome, { doneRows: 2 }))).rejects.toThrow(/standard input/)
})

const golden = (name: string): string => join(import.meta.dirname, '../../model/weights/golden', name)

describe.each([['openspliceai-nano.safetensors'], ['hyena-nano']])('%s on the CPU', (name) => {
  let model: Model
  beforeAll(async () => {
    model = await loadModel([golden(name)], { backend: await createBackend('cpu', { threads: 2 }) })
  })
  afterAll(async () => {
    model.close()
    await model.backend.destroy()
  })
  const genome = memoryGenome({ a: randomSequence(9000, 4), b: randomSequence(5000, 5) }, { pieceBases: 997 })
  const many: Region[] = Array.from({ length: 40 }, (_, i) => ({
    contig: i % 3 ? 'a' : 'b',
    start: 97 * i,
    end: 97 * i + 700,
    strand: i % 2 ? '-' : '+',
  }))

  it.each<[string, PredictOptions]>([
    ['records', {}],
    ['records, small chunks', { chunk: 700 }],
    ['both strands', { strand: 'both', chunk: 1100 }],
    ['packs', { regions: many }],
    ['regions one by one', { regions: many.slice(0, 6), chunk: 256 }],
  ])('%s', (_, options) => expectRest(model, genome, options, [0.1, 0.63, 0.99]))
})
