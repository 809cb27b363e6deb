import { expect, it } from 'vitest'
import type { PredictionBatch, Region } from '../../src/genome.ts'
import { createModel } from '../../src/model/create-model.ts'
import { predict, type PredictOptions } from '../../pipelines/predict.ts'
import { forEachBackend, random } from '../support/backends.ts'
import { memoryGenome } from '../support/memory-genome.ts'
import { randomHyena, randomOpenSplice, randomSpliceHyena } from '../support/random-checkpoints.ts'
import { randomBases } from '../support/run-model.ts'

const collect = async (batches: AsyncIterable<PredictionBatch>): Promise<PredictionBatch[]> => {
  const out: PredictionBatch[] = []
  for await (const batch of batches) out.push(batch)
  return out
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
      const variants: PredictOptions[] = [{ context: 'full' }, { context: 'none' }, { context: 7 }, { context: 'full', strand: 'both' }]
      for (const options of variants) {
        const packed = await collect(predict(model, genome, { ...options, regions }))
        const alone = await collect(predict(model, genome, { ...options, regions, chunk: 4096 })) // a chunk of the user's own is never packed
        expect(packed.map(({ regionIndex, region }) => [regionIndex, region.name, region.start, region.end])).toEqual(regions.map((r, i) => [i, r.name, r.start, r.end]))
        for (const [i, batch] of packed.entries()) {
          expect(Buffer.from(batch.bases).toString()).toBe(Buffer.from(alone[i]!.bases).toString())
          expect(Object.keys(batch.tracks)).toEqual(Object.keys(alone[i]!.tracks))
          for (const [track, values] of Object.entries(batch.tracks)) {
            const expected = alone[i]!.tracks[track]!
            expect(Array.from(values, Number.isNaN)).toEqual(Array.from(expected, Number.isNaN))
            expect(values.reduce((worst, v, t) => Math.max(worst, Math.abs(v - expected[t]!) || 0), 0)).toBeLessThan(2e-6)
          }
        }
      }
      model.close()
    })
  }
})
