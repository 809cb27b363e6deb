/**
 * Many short regions against one long one: bases a second that the model must see, region and context counted.
 *
 *     npm run bench -- batch [--model splice] [--regions 1000] [--bases 2000] [--rounds 3] [--bed FILE] [--fasta FILE] [--sorted]
 *
 * Regions lie at random places (seeded) of the longest record, in random order unless --sorted, or are those of a BED file.
 * Batch and long run take turns in one process, each with reading, computing and writing, and the medians are compared, by
 * the clock and by CPU time (which other work on the machine disturbs less). Before that, regions of the batch are compared
 * with the same places of the long run.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadModel } from '../pipelines/models/load-model.ts'
import { contextBases } from '../pipelines/predict/context.ts'
import { predict } from '../pipelines/predict.ts'
import type { Region } from '../src/genome.ts'
import { readBed } from '../src/io/fasta/bed.ts'
import { openGenome } from '../src/io/fasta/open-genome.ts'
import { writePredictions } from '../src/io/output/write-predictions.ts'
import { createBackend } from '../src/kernels/create-backend.ts'
import { count, median } from './support.ts'

const chromosome = '../shared/data/human/chr20.GRCh37.fa.gz'
const { values: given } = parseArgs({
  options: {
    model: { type: 'string', default: 'splice' },
    regions: { type: 'string', default: '1000' },
    bases: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    fasta: { type: 'string', default: existsSync(chromosome) ? chromosome : 'data-samples/MACROD2.fa.gz' },
    bed: { type: 'string' },
    sorted: { type: 'boolean', default: false },
  },
})
const [regionCount, regionBases, rounds] = [Number(given.regions), Number(given.bases), Number(given.rounds)]
const genome = await openGenome(given.fasta)
const contigs = await genome.contigs()
const { name: contig, length: contigBases } = contigs.reduce((a, b) => (b.length > a.length ? b : a))
const model = await loadModel([given.model], {
  backend: await createBackend('cpu', { threads: Number(given.threads) }),
})
const tracks = model.info.tracks.filter(({ isDefault }) => isDefault).map(({ name }) => name)
const { left, right } = contextBases(model.info, undefined)
const finite = Number.isFinite(left + right)

async function chosenRegions(): Promise<Region[]> {
  if (given.bed !== undefined) return readBed(given.bed, contigs)
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const margin = Math.min(60_000, contigBases / 10) // the ends of a chromosome are N
  const place = (): number => Math.floor(margin + next() * (contigBases - regionBases - 2 * margin))
  const starts = Array.from({ length: regionCount }, place)
  if (given.sorted) starts.sort((a, b) => a - b)
  return starts.map((start, i) => ({ contig, start, end: start + regionBases, name: `r${i}` }))
}
const regions = await chosenRegions()
const seenBases = regions.reduce((sum, { start, end }) => sum + end - start + (finite ? left + right : 0), 0)
const longStart = Math.floor(contigBases / 3)
const long: Region[] = [{ contig, start: longStart, end: Math.min(contigBases, longStart + seenBases), name: 'long' }]

interface Seconds {
  readonly wall: number
  readonly cpu: number
}

async function secondsOf(list: readonly Region[]): Promise<Seconds> {
  const start = performance.now()
  const cpu = process.cpuUsage()
  const sink = { write: async () => {}, finish: async () => {}, abort: async () => {} }
  const names = list.map(({ name, start }) => name ?? `${start}`)
  await writePredictions(predict(model, genome, { regions: list }), 'arrow', sink, {
    tracks,
    contigs: contigs.map(({ name }) => name),
    regions: names,
  })
  const used = process.cpuUsage(cpu)
  return { wall: (performance.now() - start) / 1000, cpu: (used.user + used.system) / 1e6 }
}

async function valuesOf(list: readonly Region[]): Promise<Float32Array> {
  const out: number[] = []
  for await (const batch of predict(model, genome, { regions: list }))
    if (batch.regionIndex === 0) out.push(...batch.tracks[tracks[0]])
  return Float32Array.from(out)
}

/** A region among others has the values that it has alone. */
async function checkSame(): Promise<void> {
  for (const region of regions.slice(0, 3)) {
    const among = await valuesOf([region, ...regions.slice(3, 20)])
    const alone = await valuesOf([region])
    let [worst, most] = [0, 0]
    for (const [i, value] of alone.entries()) {
      if (Number.isNaN(value) !== Number.isNaN(among[i]))
        throw new Error('batch and single region differ in what is there')
      worst = Math.max(worst, Math.abs(value - among[i]) || 0)
      most = Math.max(most, Math.abs(value) || 0)
    }
    if (!(most > 0 && worst < 1e-4 * Math.max(1, most))) throw new Error(`batch and single region differ by ${worst}`)
  }
}

await checkSame()
const times = { long: [] as Seconds[], batch: [] as Seconds[] }
for (let round = 0; round < rounds; round++) {
  times.long.push(await secondsOf(long))
  times.batch.push(await secondsOf(regions))
}
const longBases = long[0].end - long[0].start
const rate = (bases: number, all: readonly Seconds[], kind: keyof Seconds): number =>
  bases / median(all.map((seconds) => seconds[kind]))
console.log(`${model.info.name} on ${model.backend.description}, ${given.fasta}, medians of ${rounds} rounds`)
for (const [kind, unit] of [
  ['wall', 'second'],
  ['cpu', 'CPU second'],
] as const) {
  const [one, many] = [rate(longBases, times.long, kind), rate(seenBases, times.batch, kind)]
  console.log(`  one region of ${count(longBases)}: ${count(one)} bases a ${unit}`)
  console.log(
    `  ${count(regions.length)} regions, ${count(seenBases)} bases with context: ${count(many)} bases a ${unit}, ${(many / one).toFixed(2)} of it`,
  )
}
console.log(`  peak memory ${count(process.resourceUsage().maxRSS / 1024)} MiB`)
await genome.close()
model.close()
await model.backend.destroy()
