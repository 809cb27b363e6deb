import { afterAll, describe, expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import type { Variant } from '../../../pipelines/variants/options.ts'
import { scoreVariants } from '../../../pipelines/variants.ts'
import type { Strand } from '../../../src/genome.ts'
import type { AnnotatedTranscript } from '../../../src/io/variants/annotation/transcript.ts'
import { LimitError } from '../../../src/errors.ts'
import type { Backend } from '../../../src/kernels/backend.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Checkpoint, SpliceHyenaArchitecture } from '../../../src/model/checkpoint.ts'
import type { Model } from '../../../src/model/model.ts'
import { forEachBackend } from '../../support/backends.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { randomOpenSplice, randomSpliceHyena, smallSpliceHyena } from '../../support/random-checkpoints.ts'

const contig = randomSequence(900, 3)
const gene = (name: string, strand: Strand, start: number, end: number): AnnotatedTranscript => ({
  gene: name,
  id: name,
  contig: 'c',
  strand,
  start,
  end,
  exonStarts: [start],
  exonEnds: [end],
  geneKey: name,
  rank: 0,
  codingBases: 0,
})
const genes = {
  name: 'genes',
  transcripts: [
    gene('WHOLE', '+', 0, 900),
    gene('MINUS', '-', 150, 700),
    gene('SHORT', '+', 300, 340),
    gene('SAME', '+', 20, 880),
  ],
  contigAliases: new Map<string, string>(),
}

/** Shaped as the shipped model. */
const convolutionsAlone: SpliceHyenaArchitecture = {
  ...smallSpliceHyena,
  blocks: [1, 4, 10].map((dilation) => ({ type: 'conv', width: 5, dilation })),
}

/** Seeded numbers from 0 to below `n`. */
function dice(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 9) % n
  }
}

/** Variants of all kinds, sorted or not, with several ALTs, some the same. */
function randomVariants(count: number, distance: number, seed: number): Variant[] {
  const roll = dice(seed)
  const letters = (n: number): string => Array.from({ length: n }, () => 'ACGTNR'[roll(6)]).join('')
  return Array.from({ length: count }, () => {
    const kind = roll(4)
    const refLength = kind < 2 ? 1 : 1 + roll(kind === 2 ? 6 : 2 * distance)
    const position = roll(contig.length - refLength + 1)
    const alts = Array.from({ length: 1 + roll(2) }, () => letters(kind === 0 ? 1 : 1 + roll(9)))
    return { contig: 'c', position, ref: contig.slice(position, position + refLength).replaceAll(/u/gi, 'T'), alts }
  })
}

/** All of a sequence, along the forward strand. */
async function predictAll(model: Model, bases: string, strand: Strand): Promise<Record<string, number[]>> {
  const tracks: Record<string, number[]> = { acceptor: [], donor: [] }
  for await (const batch of predict(model, memoryGenome({ s: bases }), { strand }))
    for (const name of ['acceptor', 'donor']) tracks[name].push(...batch.tracks[name])
  return tracks
}

/** What the alternate has at reference position i. */
function alternateAt(i: number, p: number, refLength: number, altLength: number, values: readonly number[]): number {
  if (i < p) return values[i]
  const paired = Math.min(refLength, altLength)
  const k = i - p
  if (k < paired - 1) return values[i]
  if (k === paired - 1) return Math.max(...values.slice(i, i + 1 + Math.max(0, altLength - refLength)))
  if (k < refLength) return 0
  return values[i + altLength - refLength]
}

async function expectLaw(model: Model, distance: number, variants: readonly Variant[]): Promise<number> {
  const halo = model.info.receptiveField.left
  let compared = 0
  let largest = 0
  const cache = new Map<string, Promise<Record<string, number[]>>>()
  const run = (bases: string, strand: Strand): Promise<Record<string, number[]>> => {
    const key = strand + bases
    const found = cache.get(key) ?? predictAll(model, bases, strand)
    cache.set(key, found)
    return found
  }
  for await (const { variant, scores, skipped } of scoreVariants(model, memoryGenome({ c: contig }), variants, {
    genes,
    distance,
  })) {
    const { position: p, ref } = variant
    const isNearEnd = p - halo - distance < 0 || p + halo + distance + 1 > contig.length
    if (isNearEnd || ref.length > distance + 1) {
      if (isNearEnd) expect(skipped.every(({ reason }) => reason === 'contig-end')).toBe(true)
      continue // long deletions have a rule of their own: scores.test.ts
    }
    const inside = genes.transcripts.filter(({ start, end }) => start <= p && p < end)
    expect(scores.map(({ alt, gene: name }) => `${alt} ${name}`)).toEqual(
      variant.alts.flatMap((alt) => inside.map(({ gene: name }) => `${alt} ${name}`)),
    )
    for (const score of scores) {
      const { start, end } = inside.find(({ gene: name }) => name === score.gene)!
      const masked = 'N'.repeat(start) + contig.slice(start, end) + 'N'.repeat(contig.length - end)
      const changed = masked.slice(0, p) + score.alt + masked.slice(p + ref.length)
      const [before, after] = [await run(masked, score.strand), await run(changed, score.strand)]
      const expected = ['acceptor', 'donor'].flatMap((kind) => {
        const changes = Array.from({ length: 2 * distance + 1 }, (_, k) => {
          const i = p - distance + k
          return alternateAt(i, p, ref.length, score.alt.length, after[kind]) - before[kind][i]
        })
        return [Math.max(...changes), Math.max(...changes.map((change) => -change))]
      })
      largest = Math.max(largest, ...score.effects!.scores)
      score.effects!.scores.forEach((value, k) => {
        expect(Math.abs(value - expected[k]), `${p} ${ref}>${score.alt} ${score.gene} ${k}`).toBeLessThan(2e-6)
      })
      compared++
    }
  }
  expect(largest).toBeGreaterThan(0.01)
  return compared
}

forEachBackend('every score equals two runs of predict', (backend) => {
  const models: [string, () => Model][] = [
    ['residual network', () => createModel([randomOpenSplice()], backend())],
    ['own convolutions', () => createModel([randomSpliceHyena(convolutionsAlone)], backend())],
    ['two-sided Hyena', () => createModel([randomSpliceHyena()], backend())],
    ['ensemble', () => createModel([randomOpenSplice(), { ...randomOpenSplice(), sha256: '1' }], backend())],
  ]
  it.each(models)(
    '%s, variants of all kinds, both strands, contig ends',
    async (_, open) => {
      const model = open()
      const sorted = randomVariants(40, 20, 5).sort((a, b) => a.position - b.position)
      expect(await expectLaw(model, 20, sorted)).toBeGreaterThan(40)
      expect(await expectLaw(model, 7, randomVariants(25, 7, 6))).toBeGreaterThan(20)
      model.close()
    },
    600_000,
  )
})

describe('grouping, memory and threads', () => {
  const backends: Backend[] = []
  afterAll(() => Promise.all(backends.map((backend) => backend.destroy())))
  const open = (checkpoint: Checkpoint, threads: number): Model => {
    const backend = createCpuBackend({ threads })
    backends.push(backend)
    return createModel([checkpoint], backend)
  }
  const variants = randomVariants(60, 20, 9)

  async function scoreAll(
    model: Model,
    list: readonly Variant[],
    memory?: number,
  ): Promise<Map<string, readonly number[]>> {
    const found = new Map<string, readonly number[]>()
    const options = { genes, distance: 20, memory }
    for await (const { variant, scores } of scoreVariants(model, memoryGenome({ c: contig }), list, options))
      for (const { alleleIndex, gene: name, effects } of scores)
        found.set(
          `${variants.findIndex((v) => v.position === variant.position && v.ref === variant.ref && v.alts === variant.alts)} ${alleleIndex} ${name}`,
          effects!.scores,
        )
    return found
  }

  /** The least memory, to a twentieth, that is not refused. */
  async function leastMemory(model: Model): Promise<number> {
    for (let memory = 2 ** 16; ; memory = Math.ceil(1.05 * memory)) {
      try {
        await scoreAll(model, variants.slice(0, 3), memory)
        return memory
      } catch (error) {
        if (!(error instanceof LimitError)) throw error
      }
    }
  }

  it.each([
    ['residual network', randomOpenSplice()],
    ['own convolutions', randomSpliceHyena(convolutionsAlone)],
  ])(
    '%s: the same values one by one, together, in any order, in little memory and with more threads',
    async (_, checkpoint) => {
      const model = open(checkpoint, 1)
      const together = await scoreAll(model, variants)
      expect(together.size).toBeGreaterThan(60)
      const others = [
        await scoreAll(
          model,
          variants.map((variant) => ({ ...variant, endsGroup: true })),
        ),
        await scoreAll(model, variants.toReversed()),
        await scoreAll(model, variants, await leastMemory(model)),
        await scoreAll(open(checkpoint, 3), variants),
      ]
      for (const other of others) {
        expect([...other.keys()].sort()).toEqual([...together.keys()].sort())
        for (const [key, scores] of together)
          scores.forEach((value, k) => {
            expect(Math.abs(value - other.get(key)![k])).toBeLessThan(2e-6)
          })
      }
    },
  )
})
