import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planEmbed, type EmbedOptions } from '../../pipelines/embed/options.ts'
import { embed } from '../../pipelines/embed.ts'
import type { EmbeddingBatch, Genome, Region } from '../../src/genome.ts'
import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { hyenaCodes } from '../../src/model/alphabet.ts'
import type { Checkpoint, HyenaArchitecture } from '../../src/model/checkpoint.ts'
import { createModel } from '../../src/model/create-model.ts'
import type { Model } from '../../src/model/model.ts'
import { hyenaState } from '../oracle/hyena.ts'
import { relativeError } from '../support/backends.ts'
import { memoryGenome, randomSequence } from '../support/memory-genome.ts'
import { randomHyena, randomOpenSplice } from '../support/random-checkpoints.ts'
import { ascii } from '../support/run-model.ts'

const letters = randomSequence(3000, 5)
const other = randomSequence(700, 6)
const genome = memoryGenome({ one: letters, two: other })
/** In no order, overlapping, at the ends, of one base. */
const regions: Region[] = [
  { contig: 'one', start: 1200, end: 1700, name: 'a' },
  { contig: 'two', start: 0, end: 700, strand: '-' },
  { contig: 'one', start: 1500, end: 1501 },
  { contig: 'one', start: 0, end: 90, strand: '-' },
  { contig: 'one', start: 2400, end: 3000, name: 'a' },
  { contig: 'one', start: 1200, end: 1700, strand: '-' },
]

let backend: Backend
const checkpoints: Record<string, Checkpoint> = { HyenaDNA: randomHyena(), 'SpliceAI family': randomOpenSplice() }
const models: Record<string, Model> = {}
beforeAll(() => {
  backend = createCpuBackend({ threads: 2 })
  for (const [name, checkpoint] of Object.entries(checkpoints)) models[name] = createModel([checkpoint], backend)
})
afterAll(async () => {
  for (const model of Object.values(models)) model.close()
  await backend.destroy()
})

async function all(model: Model, source: Genome, options: EmbedOptions): Promise<EmbeddingBatch[]> {
  const out: EmbeddingBatch[] = []
  for await (const batch of embed(model, source, options)) out.push(batch)
  return out
}
const pooledOf = async (model: Model, options: EmbedOptions, source = genome): Promise<Float32Array[]> =>
  (await all(model, source, options)).map(({ embedding }) => embedding)

/** Of each region its rows, [bases][channels]. */
async function basesOf(model: Model, options: EmbedOptions, source = genome): Promise<Float32Array[][]> {
  const rows: Float32Array[][] = []
  for (const { embedding, channelCount, regionIndex, bases, region } of await all(model, source, {
    ...options,
    pool: 'none',
  })) {
    expect(bases).toHaveLength(region.end - region.start)
    expect(embedding).toHaveLength(channelCount * bases!.length)
    rows[regionIndex] ??= []
    for (let t = 0; t < bases!.length; t++)
      rows[regionIndex].push(embedding.subarray(t * channelCount, (t + 1) * channelCount))
  }
  return rows
}

const meanOf = (rows: readonly Float32Array[]): Float64Array =>
  Float64Array.from(rows[0], (_, c) => rows.reduce((sum, row) => sum + row[c], 0) / rows.length)
const flat = (rows: readonly ArrayLike<number>[]): number[] => rows.flatMap((row) => Array.from(row))
/** What may differ by how a run is cut. */
const sameWithin = 2e-6

it('equals naive float64: the mean over the region alone, context seen but not counted', async () => {
  const { architecture, tensors } = checkpoints['HyenaDNA']
  const ids = Array.from(ascii(other), (b) => hyenaCodes[b])
  for (const layer of [-1, 0, 1]) {
    const state = hyenaState(architecture as HyenaArchitecture, tensors, ids, layer)
    const some = [
      { contig: 'two', start: 0, end: 700 },
      { contig: 'two', start: 650, end: 700 },
    ]
    const expected = some.map(({ start, end }) => state.map((row) => meanOfRow(row.slice(start, end))))
    const got = await pooledOf(models['HyenaDNA'], { regions: some, layer, context: 'full' })
    for (const i of [0, 1]) expect(relativeError(got[i], expected[i])).toBeLessThan(5e-6)
    const alone = hyenaState(architecture as HyenaArchitecture, tensors, ids.slice(650), layer)
    const [bare] = await pooledOf(models['HyenaDNA'], { regions: some.slice(1), layer, context: 'none' })
    expect(relativeError(bare, alone.map(meanOfRow))).toBeLessThan(5e-6)
  }
})
const meanOfRow = (row: Float64Array): number => row.reduce((sum, v) => sum + v, 0) / row.length

describe.each(Object.keys(checkpoints))('laws of %s', (name) => {
  it('the rows of `none`, pooled, are the pooled ones', async () => {
    for (const strand of [undefined, 'both'] as const) {
      const rows = await basesOf(models[name], { regions, strand })
      expect(rows.map(({ length }) => length)).toEqual(regions.map(({ start, end }) => end - start))
      const by = {
        mean: (own: Float32Array[]) => meanOf(own),
        max: (own: Float32Array[]) => Array.from(own[0], (_, c) => Math.max(...own.map((row) => row[c]))),
        first: (own: Float32Array[]) => own[0],
        last: (own: Float32Array[]) => own.at(-1)!,
      }
      for (const pool of ['mean', 'max', 'first', 'last'] as const) {
        const batches = await all(models[name], genome, { regions, strand, pool })
        expect(batches.map(({ region, regionIndex }) => [region, regionIndex])).toEqual(regions.map((r, i) => [r, i]))
        for (const [i, { embedding }] of batches.entries())
          expect(relativeError(embedding, by[pool](rows[i]))).toBeLessThan(sameWithin)
      }
    }
  })

  it('do not depend on the chunk, on memory, or on which regions come together', async () => {
    const whole = await pooledOf(models[name], { regions })
    const others: Float32Array[][] = [
      await pooledOf(models[name], { regions, chunk: 64 }),
      await pooledOf(models[name], { regions, chunk: 333 }),
      await pooledOf(models[name], { regions, memory: 2 ** 22 }),
      (await pooledOf(models[name], { regions: regions.toReversed() })).reverse(),
    ]
    const alone: Float32Array[] = []
    for (const region of regions) alone.push(...(await pooledOf(models[name], { regions: [region] })))
    for (const values of [...others, alone])
      for (const [i, value] of values.entries()) expect(relativeError(value, whole[i])).toBeLessThan(sameWithin)
  })

  it('do not depend on the number of threads', async () => {
    const ways = [{ regions }, { regions, strand: 'both', chunk: 333, pool: 'max' }] as const
    const expected = [await pooledOf(models[name], ways[0]), await pooledOf(models[name], ways[1])]
    for (const threads of [1, 3]) {
      const other = createCpuBackend({ threads })
      const model = createModel([checkpoints[name]], other)
      for (const [k, way] of ways.entries())
        for (const [i, value] of (await pooledOf(model, way)).entries())
          expect(relativeError(value, expected[k][i])).toBeLessThan(sameWithin)
      model.close()
      await other.destroy()
    }
  })

  it('what lies beyond a region is not seen without context, and is never counted', async () => {
    // Beside each other in one pack, and alone; all else is other bases, or none that are known.
    const some = [3, 90, 1200, 1210, 2900].map((start, i) => ({ contig: 'one', start, end: start + 7 + 20 * i }))
    const isInside = (t: number): boolean => some.some(({ start, end }) => t >= start && t < end)
    const outside = (letter: (old: string) => string): Genome =>
      memoryGenome({ one: Array.from(letters, (old, t) => (isInside(t) ? old : letter(old))).join('') })
    const others = [outside(() => 'N'), outside((old) => (old.toUpperCase() === 'A' ? 'C' : 'A'))]
    for (const pool of ['mean', 'max', 'first', 'last'] as const) {
      for (const strand of ['+', '-', 'both'] as const) {
        const options = { regions: some, context: 'none', pool, strand } as const
        const values = await pooledOf(models[name], options)
        for (const source of others) expect(await pooledOf(models[name], options, source)).toEqual(values)
      }
    }
    const seen = { regions: some, context: 40 } as const
    expect(await pooledOf(models[name], seen, others[1])).not.toEqual(await pooledOf(models[name], seen))
  })

  it('the minus strand is the reverse complement by hand; both is the mean, position by position', async () => {
    const reversed = new TextDecoder().decode(reverseComplement(ascii(letters)))
    const byHand = await basesOf(models[name], {}, memoryGenome({ one: reversed }))
    const [minus] = await basesOf(models[name], { strand: '-' }, memoryGenome({ one: letters }))
    const [plus] = await basesOf(models[name], {}, memoryGenome({ one: letters }))
    const [both] = await basesOf(models[name], { strand: 'both' }, memoryGenome({ one: letters }))
    expect(relativeError(flat(minus), flat(byHand[0].reverse()))).toBeLessThan(sameWithin)
    expect(
      relativeError(flat(both), flat(plus.map((row, t) => row.map((v, c) => (v + minus[t][c]) / 2)))),
    ).toBeLessThan(sameWithin)
  })

  it('a resumed run gives the rest, bit for bit', async () => {
    const whole = await pooledOf(models[name], { regions })
    for (const doneRows of [1, 3, regions.length]) {
      const skipped: Region[] = []
      const rest = await pooledOf(models[name], { regions, doneRows, onSkipped: (region) => skipped.push(region) })
      expect(rest).toEqual(whole.slice(doneRows))
      expect(skipped).toHaveLength(doneRows)
    }
    const bases = (await basesOf(models[name], { regions })).flat()
    const rest = await basesOf(models[name], { regions, doneRows: 777 })
    expect(rest.flat()).toEqual(bases.slice(777))
  })

  it('records of a stream are pooled whole, on every strand', async () => {
    for (const strand of ['+', '-', 'both'] as const) {
      const known = await all(models[name], genome, { strand })
      const streamed = await all(models[name], memoryGenome({ one: letters, two: other }, { isRandomAccess: false }), {
        strand,
        temporaryFolder: '/tmp',
      })
      expect(streamed.map(({ region }) => region)).toEqual([
        { contig: 'one', start: 0, end: 3000 },
        { contig: 'two', start: 0, end: 700 },
      ])
      for (const [i, { embedding }] of streamed.entries())
        expect(relativeError(embedding, known[i].embedding)).toBeLessThan(sameWithin)
    }
  })
})

it('a minus strand whose values wait for its far end is the reverse complement too', async () => {
  const checkpoint = randomHyena({ ...(checkpoints['HyenaDNA'].architecture as HyenaArchitecture), maxLength: 80_000 })
  const model = createModel([checkpoint], backend)
  const long = randomSequence(70_000, 8)
  const reversed = new TextDecoder().decode(reverseComplement(ascii(long)))
  const at = { regions: [{ contig: 'one', start: 0, end: 70_000 }] }
  const [minus] = await pooledOf(model, { ...at, strand: '-' }, memoryGenome({ one: long }))
  const [byHand] = await pooledOf(model, at, memoryGenome({ one: reversed }))
  expect(relativeError(minus, byHand)).toBeLessThan(sameWithin)
  model.close()
})

it('refuses what cannot be, and a model that gives no number says where', async () => {
  const model = models['HyenaDNA']
  const refused = (options: object) => all(model, genome, options as EmbedOptions)
  await expect(refused({ layer: 3 })).rejects.toThrow(/`layer`: random-hyena has 2 layers: .* got 3/)
  await expect(refused({ layer: 'last' })).rejects.toThrow(/`layer`: bad value/)
  await expect(refused({ pool: 'sum' })).rejects.toThrow(
    /`pool`: bad value: expected one of mean, max, first, last, none/,
  )
  const checkpoint = randomHyena()
  checkpoint.tensors.get('backbone.layers.1.mlp.fc2.bias')!.data[3] = Number.NaN
  const broken = createModel([checkpoint], backend)
  await expect(all(broken, genome, { layer: 2 })).rejects.toThrow(/^one, position 0 .* gives no number for channel_3/)
  expect(await all(broken, genome, { layer: 1 })).toHaveLength(2)
  broken.close()
})

it('counts what a pack of states takes', async () => {
  const states = models['HyenaDNA'].atLayer(-1)
  const few = await planEmbed(states, [genome], { regions: regions.slice(0, 1), memory: 2 ** 30 })
  const many = await planEmbed(states, [genome], { regions, memory: 2 ** 30 })
  expect(many.neededBytes).toBeGreaterThan(few.neededBytes + 4 * 8 * many.packBases)
  expect(4 * 8 * many.packBases).toBeLessThanOrEqual(2 ** 25)
  states.close()
})
