import { expect, it } from 'vitest'
import type { Genome, PredictionBatch, Region } from '../../../src/genome.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Model } from '../../../src/model/model.ts'
import { predict } from '../../../pipelines/predict.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { forEachBackend, random } from '../../support/backends.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { randomHyena, randomOpenSplice, randomSpliceHyena } from '../../support/random-checkpoints.ts'
import { randomBases, runAll } from '../../support/run-model.ts'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'

const collect = async (batches: AsyncIterable<PredictionBatch>): Promise<PredictionBatch[]> => {
  const out: PredictionBatch[] = []
  for await (const batch of batches) out.push(batch)
  return out
}

/** Bytes that packs of about a thousand bases take. */
function leastMemory(model: Model): number | undefined {
  if (model.info.family !== 'splice') return undefined // packs of a causal model do not depend on it
  const plan = {
    tracks: [],
    leftContext: 0,
    rightContext: 0,
    length: 1024,
    chunkBases: 1024,
    memoryBytes: Number.POSITIVE_INFINITY,
  }
  return model.plan(plan).memoryBytes
}

forEachBackend('short regions in packs', (backend) => {
  const models = { hyena: randomHyena, 'SpliceAI family': randomOpenSplice, 'own splice model': randomSpliceHyena }
  for (const [name, make] of Object.entries(models)) {
    it(`${name}: overlapping regions on both strands, in input order, equal runs one by one`, async () => {
      const model = createModel([make()], backend())
      const genome = memoryGenome({ a: randomBases(6000, 1), b: randomBases(900, 2) })
      const next = random(9)
      const regions: Region[] = Array.from({ length: 25 }, (_, i) => {
        const contig = i % 5 === 0 ? 'b' : 'a'
        const length = contig === 'a' ? 6000 : 900
        const start = Math.floor(((next() + 1) / 2) * (length - 120))
        return { contig, start, end: start + 1 + ((i * 4) % 100), name: `r${i}`, strand: i % 3 === 0 ? '-' : '+' }
      })
      // Little memory makes many packs of a window.
      const variants: PredictOptions[] = [
        { context: 'full' },
        { context: 'full', strand: 'both', memory: leastMemory(model) },
        { context: 'none' },
        { context: 7 },
        { context: 'full', strand: 'both' },
      ]
      for (const options of variants) {
        const packed = await collect(predict(model, genome, { ...options, regions }))
        const alone = await collect(predict(model, genome, { ...options, regions, chunk: 4096 })) // a chunk of the user's own is never packed
        expect(packed.map(({ regionIndex, region }) => [regionIndex, region.name, region.start, region.end])).toEqual(
          regions.map((r, i) => [i, r.name, r.start, r.end]),
        )
        for (const [i, batch] of packed.entries()) {
          expect(Buffer.from(batch.bases).toString()).toBe(Buffer.from(alone[i].bases).toString())
          expect(Object.keys(batch.tracks)).toEqual(Object.keys(alone[i].tracks))
          for (const [track, values] of Object.entries(batch.tracks)) {
            const expected = alone[i].tracks[track]
            expect(Array.from(values, Number.isNaN)).toEqual(Array.from(expected, Number.isNaN))
            expect(values.reduce((worst, v, t) => Math.max(worst, Math.abs(v - expected[t]) || 0), 0)).toBeLessThan(
              2e-6,
            )
          }
        }
      }
      model.close()
    })
  }
})

forEachBackend('short records in packs', (backend) => {
  const models = { hyena: randomHyena, 'SpliceAI family': randomOpenSplice, 'own splice model': randomSpliceHyena }
  const records = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`r${i}`, randomBases((i * 37) % 150, i)]))
  for (const [name, make] of Object.entries(models)) {
    it(`${name}: give what each gives alone, in a few packs`, async () => {
      const model = createModel([make()], backend())
      let packs = 0
      let runs = 0
      const watched: Model = {
        ...model,
        run: (...args) => {
          runs++
          return model.run(...args)
        },
        runPieces: (...args) => {
          packs++
          return model.runPieces(...args)
        },
      }
      for (const isRandomAccess of [true, false]) {
        const genome = memoryGenome(records, { isRandomAccess, pieceBases: 61 })
        for (const strand of ['+', '-', 'both'] as const) {
          packs = 0
          runs = 0
          const packed = await collect(predict(watched, genome, { strand, temporaryFolder: '/tmp' }))
          expect({ packs, runs }).toEqual({ packs: 1, runs: 0 })
          const alone = await collect(predict(model, genome, { strand, chunk: 4096, temporaryFolder: '/tmp' }))
          expect(packed.map(({ region, regionIndex }) => ({ region, regionIndex }))).toEqual(
            alone.map(({ region, regionIndex }) => ({ region, regionIndex })),
          )
          for (const [i, { bases, tracks }] of packed.entries()) {
            expect(bases).toEqual(alone[i].bases)
            for (const [track, values] of Object.entries(tracks)) {
              const expected = alone[i].tracks[track]
              const worst = values.reduce((most, v, t) => Math.max(most, Math.abs(v - expected[t]) || 0), 0)
              expect(worst).toBeLessThan(2e-6 * Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs)))
            }
            // A causal model's pieces are run one by one: bit for bit as alone, in its own chunks.
            const { contig } = packed[i].region
            if (model.info.family === 'language' && strand === '+')
              expect(tracks).toEqual(
                await runAll(model, records[contig], Object.keys(tracks), { memoryBytes: 2 ** 32 }),
              )
          }
        }
      }
      model.close()
    })
  }
})

it('records that are long for a pack are run alone, between those that are not', async () => {
  const lengths = [30, 40, 300, 20, 10]
  const genome = memoryGenome(Object.fromEntries(lengths.map((length, i) => [`r${i}`, randomBases(length, i)])))
  const model = fakeModel('windows')
  const runs: number[] = []
  const packs: number[][] = []
  const watched: Model = {
    ...model,
    plan: (request) => ({ ...model.plan(request), chunkBases: Math.min(1000, request.chunkBases ?? 1000) }),
    run: (source, plan, control) => {
      runs.push(plan.request.length)
      return model.run(source, plan, control)
    },
    runPieces: (pieces, options) => {
      packs.push(pieces.map(({ length }) => length))
      return model.runPieces(pieces, options)
    },
  }
  const batches = await collect(predict(watched, genome))
  expect(batches.map(({ region }) => region.contig)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4'])
  expect({ runs, packs }).toEqual({
    runs: [300],
    packs: [
      [30, 40],
      [20, 10],
    ],
  })
})

it('what regions share is read once, whatever their order', async () => {
  const genome = memoryGenome({ a: randomBases(5000, 1) })
  let basesRead = 0
  const watched: Genome = {
    ...genome,
    read: (region) => {
      basesRead += region.end - region.start
      return genome.read(region)
    },
  }
  // Each base is in ten of them.
  const regions: Region[] = Array.from({ length: 500 }, (_, i) => ({
    contig: 'a',
    start: ((i * 271) % 490) * 10,
    end: ((i * 271) % 490) * 10 + 100,
    strand: i % 2 ? '-' : '+',
  }))
  for (const strand of [undefined, 'both'] as const) {
    basesRead = 0
    const batches = await collect(predict(fakeModel('windows'), watched, { regions, strand }))
    expect(batches.map(({ region }) => region.start)).toEqual(regions.map(({ start }) => start))
    expect(basesRead).toBeLessThan(strand ? 5100 : 10_100) // once, or once a strand
  }
})
