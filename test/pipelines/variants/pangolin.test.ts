import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import { scoreVariants } from '../../../pipelines/variants.ts'
import type { Annotation } from '../../../src/io/variants/annotation/read-genes.ts'
import { openGenes } from '../../../src/io/variants/annotation/open-genes.ts'
import { openGenome } from '../../../src/io/fasta/open-genome.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import { createModel } from '../../../src/model/create-model.ts'
import { loadModel } from '../../../pipelines/models/load-model.ts'
import type { Checkpoint, PangolinArchitecture } from '../../../src/model/checkpoint.ts'
import type { Model } from '../../../src/model/model.ts'
import { scoreKindOf } from '../../../pipelines/variants/score-kinds.ts'
import { forEachBackend } from '../../support/backends.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { randomPangolin } from '../../support/random-checkpoints.ts'
import { randomBases } from '../../support/run-model.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'

const contig = randomBases(1200, 31).toUpperCase().replaceAll('U', 'T')
const exons = { exonStarts: [300, 520], exonEnds: [480, 900] }
const genes: Annotation = {
  name: 'genes',
  contigAliases: new Map(),
  transcripts: (['-', '+'] as const).map((strand) => ({
    gene: `G${strand}`,
    id: undefined,
    contig: 'c',
    strand,
    start: 300,
    end: 900,
    ...exons,
    geneKey: strand,
    rank: 0,
    codingBases: 0,
  })),
}
const small = randomPangolin().architecture as PangolinArchitecture

forEachBackend("Pangolin's rule equals two runs of predict", (backend) => {
  const D = 20
  it.each([
    ['SNV', 500, 1, 'T'],
    ['insertion', 478, 1, 'GGTAAG'],
    ['deletion', 515, 9, undefined],
    ['several for as many', 518, 3, 'CAG'],
    ['several for fewer', 470, 12, 'AC'],
    ['several for more', 600, 2, 'TTAGACA'],
  ] as const)('%s', async (_, position, refLength, given) => {
    const ref = contig.slice(position, position + refLength)
    const alt = given ?? ref[0]
    const heart = randomPangolin({ ...small, trainedFor: 'heart_splice' })
    const brain = randomPangolin({ ...small, trainedFor: 'brain_splice' })
    const model = createModel([heart, brain, scaled(heart)], backend())
    /** Of each tissue its networks, alone. */
    const networks = [
      ['heart_splice', [createModel([heart], backend()), createModel([scaled(heart)], backend())]],
      ['brain_splice', [createModel([brain], backend())]],
    ] as const
    for (const mask of [undefined, 'sites'] as const) {
      const options = { genes, distance: D, mask }
      const [scored] = await all(
        scoreVariants(model, memoryGenome({ c: contig }), [{ contig: 'c', position, ref, alts: [alt] }], options),
      )
      expect(scored.scores.map(({ gene }) => gene)).toEqual(['G+', 'G-'])
      for (const { strand, tissues } of scored.scores) {
        const changed = contig.slice(0, position) + alt + contig.slice(position + refLength)
        const perTissue = await Promise.all(
          networks.map(async ([track, some]) => {
            const changes = await Promise.all(
              some.map(async (network) => {
                const before = await values(network, contig, strand, track)
                const after = await values(network, changed, strand, track)
                return Array.from({ length: 2 * D + refLength }, (_, k) => {
                  const i = position - D + k
                  return alternateAt(after, i, position, refLength, alt.length) - before[i]
                })
              }),
            )
            return changes[0].map((_, k) => changes.reduce((sum, change) => sum + change[k], 0) / some.length)
          }),
        )
        const isBoundary = (k: number): boolean =>
          mask !== undefined &&
          [...exons.exonStarts, ...exons.exonEnds.map((end) => end - 1)].includes(position - D + k)
        const expected = (some: readonly number[][]) => {
          const at = (k: number): number[] => some.map((change) => change[k])
          const gains = some[0].map((_, k) => (isBoundary(k) ? Math.min(0, Math.max(...at(k))) : Math.max(...at(k))))
          const losses = some[0].map((_, k) =>
            mask !== undefined && !isBoundary(k) ? Math.max(0, Math.min(...at(k))) : Math.min(...at(k)),
          )
          return [Math.max(...gains), Math.min(...losses)]
        }
        const near = (found: { gain: number; loss: number }, some: readonly number[][]): void => {
          const [gain, loss] = expected(some)
          expect(Math.abs(found.gain - gain)).toBeLessThan(2e-6)
          expect(Math.abs(found.loss - loss)).toBeLessThan(2e-6)
        }
        near(tissues!, perTissue)
        expect(tissues!.byTissue.map(({ tissue }) => tissue)).toEqual(['heart', 'brain'])
        for (const [k, one] of tissues!.byTissue.entries()) near(one, [perTissue[k]])
        if (!mask) expect(tissues!.gain - tissues!.loss).toBeGreaterThan(0.001)
      }
    }
    for (const one of [model, ...networks.flatMap(([, some]) => some)]) one.close()
  })
})

/** A network with other weights. */
const scaled = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  sha256: '1'.repeat(64),
  tensors: new Map(
    [...checkpoint.tensors].map(([name, tensor]) => [
      name,
      { ...tensor, data: tensor.data.map((value) => 0.8 * value) },
    ]),
  ),
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = []
  for await (const item of items) out.push(item)
  return out
}

/** A track of a whole sequence, along the forward strand. */
async function values(model: Model, bases: string, strand: '+' | '-', track: string): Promise<number[]> {
  const out: number[] = []
  for await (const batch of predict(model, memoryGenome({ s: bases }), { strand, tracks: [track] }))
    out.push(...batch.tracks[track])
  return out
}

/** What the changed sequence has at reference position i. */
function alternateAt(after: readonly number[], i: number, p: number, refLength: number, altLength: number): number {
  const paired = Math.min(refLength, altLength)
  const k = i - p
  if (k < paired - 1) return after[i]
  if (k === paired - 1) return Math.max(...after.slice(i, i + 1 + Math.max(0, altLength - refLength)))
  return k < refLength ? 0 : after[i + altLength - refLength]
}

describe('what Pangolin has not', () => {
  let model: Model
  let close: () => Promise<void>
  beforeAll(() => {
    const backend = createCpuBackend({ threads: 1 })
    model = createModel([randomPangolin({ ...small, trainedFor: 'liver_splice' })], backend)
    close = () => backend.destroy()
  })
  afterAll(() => close())
  const score = (options: object, ref = 'A', alt = 'C') =>
    all(
      scoreVariants(
        model,
        memoryGenome({ c: contig }),
        [{ contig: 'c', position: contig.indexOf(ref, 400), ref, alts: [alt] }],
        { genes, ...options },
      ),
    )
  it("SpliceAI's mask is refused, and so is a context", async () => {
    await expect(score({ mask: 'boundary' })).rejects.toThrow(/mask does not apply to Pangolin: expected sites/)
    await expect(score({ context: 5 })).rejects.toThrow(/is a splice model/)
    await expect(score({ genes: undefined })).rejects.toThrow(/`genes`|genes/)
  })
  it('dots: for lengths that differ and are both above 1 only', async () => {
    const two = contig.slice(400, 402)
    const [unequal] = await score({ mnv: 'dots' }, two, 'TTT')
    expect(unequal.scores.map(({ tissues }) => tissues)).toEqual([undefined, undefined])
    const [equal] = await score({ mnv: 'dots' }, two, two === 'TG' ? 'GT' : 'TG')
    expect(equal.scores.every(({ tissues }) => tissues !== undefined)).toBe(true)
  })
  it('entries, in our form and in that of Pangolin', () => {
    const value = { gain: 0.126, gainOffset: -7, loss: -0.0004, lossOffset: 12 }
    const common = { gene: 'G', transcript: undefined, strand: '+' as const }
    const score = {
      ...common,
      alleleIndex: 0,
      alt: 'T',
      tissues: { ...value, byTissue: [{ tissue: 'liver', ...value }] },
    }
    const options = { digits: 2, isGeneless: false }
    const ours = scoreKindOf(model.info, 'GENOCONV')
    expect(ours.entry(score, options, 2)).toBe('T|G|-7:0.13|12:0.00')
    expect(ours.entry({ ...common, alleleIndex: 0, alt: 'T' }, { ...options, isGeneless: true }, 1)).toBe('T|G|.|.|+')
    expect(ours.columns.map(({ name }) => name)).toEqual(
      ['', 'liver_'].flatMap((prefix) => ['gain', 'loss', 'gain_offset', 'loss_offset'].map((name) => prefix + name)),
    )
    const theirs = scoreKindOf(model.info, 'Pangolin')
    expect(theirs.entry(score, options, 1)).toBe('G|-7:0.13|12:0.00|Warnings:')
    expect(theirs.entry(score, options, 2)).toBe('T|G|-7:0.13|12:0.00|Warnings:')
  })
})

interface Expected {
  chrom: string
  pos: number
  ref: string
  alts: string[]
  alleles: { alt: string; skip: string | null; genes: ExpectedGene[] }[]
}
type Values = { gain: number; gainPos: number; loss: number; lossPos: number; unique: [boolean, boolean] }
type ExpectedGene = { gene: string } & (Values | { extended: Values })

describeShared("Pangolin's own program, heart and brain, three networks each", () => {
  it.each([0, 1])(
    'mask %i: records here and there, long insertions, and what has no base, unrounded',
    async (mask) => {
      const { records } = JSON.parse(
        readFileSync(sharedPath(`data/variants/expected/pangolin.D50.M${mask}.json`), 'utf8'),
      ) as { records: Expected[] }
      const chosen = records.filter(
        ({ ref, alts }, i) =>
          i % 36 === 9 ||
          (mask === 0 && ref.length === 1 && alts[0].length === 10) ||
          [ref, ...alts].some((bases) => /^N+$/.test(bases)),
      )
      expect(chosen.length).toBeGreaterThan(mask ? 7 : 10)
      const backend = createCpuBackend({ threads: 2 })
      const model = await loadModel(sharedPath('data/pangolin'), { backend })
      const genome = await openGenome(sharedPath('data/human/chr20.GRCh37.fa.gz'))
      const annotation = await openGenes(sharedPath('data/variants/chr20.genes.gff3'))
      const variants = chosen.map(({ chrom, pos, ref, alts }) => ({ contig: chrom, position: pos - 1, ref, alts }))
      const options = { genes: annotation, mask: mask === 1 ? ('sites' as const) : undefined }
      let compared = 0
      let i = 0
      for await (const { scores } of scoreVariants(model, genome, variants, options)) {
        const { alleles, pos } = chosen[i++]
        for (const [k, allele] of alleles.entries()) {
          if (allele.genes.length === 0) expect(scores.filter(({ alleleIndex }) => alleleIndex === k)).toEqual([])
          for (const one of allele.genes) {
            const found = scores.find((score) => score.alleleIndex === k && score.gene === one.gene)?.tissues
            const expected = 'extended' in one ? one.extended : one
            if (!found && allele.skip !== null) continue
            const where = `${pos} ${allele.alt} ${one.gene}`
            expect(Math.abs(found!.gain - expected.gain), where).toBeLessThan(2e-6)
            expect(Math.abs(found!.loss - expected.loss), where).toBeLessThan(2e-6)
            if (expected.unique[0] && expected.gain > 1e-3) expect(found!.gainOffset, where).toBe(expected.gainPos)
            if (expected.unique[1] && expected.loss < -1e-3) expect(found!.lossOffset, where).toBe(expected.lossPos)
            compared++
          }
        }
      }
      expect(compared).toBeGreaterThan(6)
      model.close()
      await genome.close()
      await backend.destroy()
    },
    300_000,
  )
})
