import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import type { Variant } from '../../../pipelines/variants/options.ts'
import { scoreVariants } from '../../../pipelines/variants.ts'
import type { Strand } from '../../../src/genome.ts'
import type { AnnotatedTranscript } from '../../../src/io/variants/annotation/transcript.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Model } from '../../../src/model/model.ts'
import { forEachBackend } from '../../support/backends.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { randomOpenSplice, randomSpliceHyena } from '../../support/random-checkpoints.ts'

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

describe('grouping', () => {
  let model: Model
  let close: () => Promise<void>
  beforeAll(async () => {
    const { createCpuBackend } = await import('../../../src/kernels/cpu/cpu-backend.ts')
    const backend = createCpuBackend({ threads: 1 })
    model = createModel([randomOpenSplice()], backend)
    close = () => backend.destroy()
  })
  afterAll(() => close())

  it('one by one, together, in any order: the same values', async () => {
    const variants = randomVariants(60, 20, 9)
    const scoreAll = async (list: readonly Variant[]): Promise<Map<string, readonly number[]>> => {
      const found = new Map<string, readonly number[]>()
      const options = { genes, distance: 20 }
      for await (const { variant, scores } of scoreVariants(model, memoryGenome({ c: contig }), list, options))
        for (const { alleleIndex, gene: name, effects } of scores)
          found.set(
            `${variants.findIndex((v) => v.position === variant.position && v.ref === variant.ref && v.alts === variant.alts)} ${alleleIndex} ${name}`,
            effects!.scores,
          )
      return found
    }
    const together = await scoreAll(variants)
    const alone = await scoreAll(variants.map((variant) => ({ ...variant, endsGroup: true })))
    const turned = await scoreAll(variants.toReversed())
    expect(together.size).toBeGreaterThan(60)
    for (const other of [alone, turned]) {
      expect([...other.keys()].sort()).toEqual([...together.keys()].sort())
      for (const [key, scores] of together)
        scores.forEach((value, k) => {
          expect(Math.abs(value - other.get(key)![k])).toBeLessThan(2e-6)
        })
    }
  })
})
