/**
 * Many short regions against one long one: bases a second that the model must see, region and context counted.
 *
 *     node --import ./scripts/typescript.mjs bench/batch.ts [regions] [bases of each] [rounds]
 *
 * The two are run in turn in one process, and the medians compared; before that, a few regions of the batch are compared
 * with the same regions of the long run.
 */
import { loadModel } from '../pipelines/load-model.ts'
import { predict } from '../pipelines/predict.ts'
import type { Region } from '../src/genome.ts'
import { createBackend } from '../src/kernels/create-backend.ts'
import { memorySink } from '../src/io/sink.ts'
import { writePredictions } from '../src/io/write-predictions.ts'
import { memoryGenome, randomSequence } from '../test/support/memory-genome.ts'

const [regionCount = 100, regionBases = 2000, rounds = 3] = process.argv.slice(2).map(Number)
const contigBases = 1_000_000
const genome = memoryGenome({ chr: randomSequence(contigBases, 1) })
const model = await loadModel('splice', { backend: await createBackend('cpu', { threads: 2 }) })
const { left, right } = model.info.receptiveField

// Far from each other in the order of the list, as regions of a real list are: what overlaps in a pack is computed once.
const step = Math.floor((contigBases - regionBases) / regionCount)
const spread = (i: number): number => ((i * 7919) % regionCount) * step
const regions: Region[] = Array.from({ length: regionCount }, (_, i) => ({ contig: 'chr', start: spread(i), end: spread(i) + regionBases, name: `r${i}` }))
const seenBases = regions.reduce((sum, { start, end }) => sum + Math.min(contigBases, end + right) - Math.max(0, start - left), 0)
const long: Region[] = [{ contig: 'chr', start: 0, end: Math.min(contigBases, seenBases) }]

async function secondsOf(list: readonly Region[]): Promise<number> {
  const start = performance.now()
  const names = list.map(({ name = 'long' }) => name)
  await writePredictions(predict(model, genome, { regions: list }), 'arrow', memorySink(), { tracks: ['acceptor', 'donor'], contigs: ['chr'], regions: names })
  return (performance.now() - start) / 1000
}

async function checkSame(): Promise<void> {
  for (const region of regions.slice(0, 3)) {
    const around = { contig: 'chr', start: Math.max(0, region.start - 500), end: Math.min(contigBases, region.end + 500) }
    const one = await values([region, { ...region, start: region.start + 1 }])
    const other = await values([around])
    let worst = 0
    for (let i = 0; i < regionBases; i++) worst = Math.max(worst, Math.abs(one[i]! - other[region.start - around.start + i]!))
    if (!(worst < 1e-5)) throw new Error(`batch and long run differ by ${worst}`)
  }
}

async function values(list: readonly Region[]): Promise<Float32Array> {
  const out: number[] = []
  for await (const { tracks } of predict(model, genome, { regions: list })) out.push(...tracks['donor']!)
  return Float32Array.from(out)
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

await checkSame()
const rates = { long: [] as number[], batch: [] as number[] }
for (let round = 0; round < rounds; round++) {
  rates.long.push((long[0]!.end - long[0]!.start) / (await secondsOf(long)))
  rates.batch.push(seenBases / (await secondsOf(regions)))
}
const [longRate, batchRate] = [median(rates.long), median(rates.batch)]
const show = (rate: number): string => Math.round(rate).toLocaleString('en')
console.log(`one long region of ${show(long[0]!.end)} bases: ${show(longRate)} bases/s`)
console.log(`${regionCount} regions of ${regionBases} bases, ${show(seenBases)} bases with context: ${show(batchRate)} bases/s (${(batchRate / longRate).toFixed(2)} of it)`)
model.close()
await model.backend.destroy()
