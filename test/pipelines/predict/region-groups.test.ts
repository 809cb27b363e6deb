import { expect, it } from 'vitest'
import type { Genome, PredictionBatch, Region } from '../../../src/genome.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Model } from '../../../src/model/model.ts'
import { predict } from '../../../pipelines/predict.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { forEachBackend, random } from '../../support/backends.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { randomHyena, randomOpenSplice, randomSpliceHyena } from '../../support/random-checkpoints.ts'
import { randomBases } from '../../support/run-model.ts'
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
      const regions: Region[] = Array.from({ length: 60 }, (_, i) => {
        const contig = i % 5 === 0 ? 'b' : 'a'
        const length = contig === 'a' ? 6000 : 900
        const start = Math.floor(((next() + 1) / 2) * (length - 120))
        return { contig, start, end: start + 1 + (i % 100), name: `r${i}`, strand: i % 3 === 0 ? '-' : '+' }
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
