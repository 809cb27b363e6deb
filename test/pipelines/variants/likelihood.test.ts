import { describe, expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import type { LikelihoodRatio, ScoreOptions, Variant } from '../../../pipelines/variants/options.ts'
import { scoreKindOf } from '../../../pipelines/variants/score-kinds.ts'
import { scoreVariants } from '../../../pipelines/variants.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import type { HyenaArchitecture } from '../../../src/model/checkpoint.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Model } from '../../../src/model/model.ts'
import { hyenaCodes } from '../../../src/model/alphabet.ts'
import { hyenaLogits } from '../../oracle/hyena.ts'
import { forEachBackend } from '../../support/backends.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { randomHyena } from '../../support/random-checkpoints.ts'
import { ascii } from '../../support/run-model.ts'

const contig = randomSequence(600, 8).toUpperCase().replaceAll('U', 'T')
const length = contig.length
const complement: Record<string, string> = { A: 'T', C: 'G', G: 'C', T: 'A' }
const reversed = (bases: string): string =>
  [...bases]
    .reverse()
    .map((base) => complement[base] ?? base)
    .join('')
const variant = (position: number, refLength: number, ...alts: string[]): Variant => ({
  contig: 'c',
  position,
  ref: contig.slice(position, position + refLength),
  alts,
})
const variants = [
  variant(300, 1, 'A', 'C', 'G', 'T', 'AGGT'),
  variant(0, 1, 'G', 'TT'),
  variant(3, 4, 'A'),
  variant(length - 1, 1, 'C', 'CCCC'),
  variant(450, 30, 'T'),
  variant(451, 2, 'GGATTA', 'NA', 'RC'),
  variant(300, 1, 'A'),
]

async function ratios(model: Model, list: readonly Variant[], options: ScoreOptions = {}): Promise<LikelihoodRatio[]> {
  const found: LikelihoodRatio[] = []
  for await (const { scores, skipped } of scoreVariants(model, memoryGenome({ c: contig }), list, options)) {
    expect(skipped).toEqual([])
    for (const { likelihood, effects, gene } of scores) {
      expect({ effects, gene }).toEqual({ effects: undefined, gene: '.' })
      found.push(likelihood!)
    }
  }
  return found
}

/** What two runs of `predict` on the two stretches give, summed. */
async function expectedRatios(model: Model, context: number): Promise<LikelihoodRatio[]> {
  const sum = async (bases: string, strand: '+' | '-'): Promise<number> => {
    let total = 0
    for await (const { tracks } of predict(model, memoryGenome({ s: bases }), { strand, tracks: ['log_likelihood'] }))
      for (const value of tracks['log_likelihood']) total += Number.isNaN(value) ? 0 : value
    return total
  }
  const out: LikelihoodRatio[] = []
  for (const { position, ref, alts } of variants)
    for (const alt of alts) {
      const [head, tail] = [
        contig.slice(Math.max(0, position - context), position),
        contig.slice(position + ref.length, position + ref.length + context),
      ]
      const change = async (strand: '+' | '-'): Promise<number> =>
        (await sum(head + alt + tail, strand)) - (await sum(head + ref + tail, strand))
      const [plus, minus] = [await change('+'), await change('-')]
      out.push({ plus, minus, mean: (plus + minus) / 2 })
    }
  return out
}

forEachBackend('log-likelihood ratios equal two runs of predict', (backend) => {
  it.each([40, 1, 500, undefined])('context %s', async (context) => {
    const model = createModel([randomHyena()], backend())
    const got = await ratios(model, variants, { context })
    // What it was trained for: filters of 150 taps, 148 bases.
    const expected = await expectedRatios(model, context ?? 73)
    expect(got.length).toBe(expected.length)
    const scale = Math.max(...expected.map(({ plus }) => Math.abs(plus)))
    expect(scale).toBeGreaterThan(1)
    got.forEach((one, i) => {
      // 2e-6 of the likelihood of a stretch: some 1.4 a base.
      const bound = 2e-6 * Math.max(scale, 1.4 * (2 * (context ?? 73) + 1))
      for (const part of ['plus', 'minus', 'mean'] as const)
        expect(Math.abs(one[part] - expected[i][part]), `${i} ${part}`).toBeLessThan(bound)
    })
    expect(got.at(-1)).toEqual(got[0])
    model.close()
  })
  it('against the naive float64 network', async () => {
    const checkpoint = randomHyena()
    const model = createModel([checkpoint], backend())
    const logLikelihood = (bases: string): number => {
      const codes = Array.from(ascii(bases), (b) => hyenaCodes[b])
      const logits = hyenaLogits(checkpoint.architecture as HyenaArchitecture, checkpoint.tensors, codes).slice(7, 11)
      let total = 0
      for (let t = 1; t < bases.length; t++) {
        const exps = logits.map((row) => Math.exp(row[t - 1]))
        const base = 'ACGT'.indexOf(bases[t])
        if (base >= 0) total += Math.log(exps[base] / exps.reduce((a, b) => a + b, 0))
      }
      return total
    }
    const [head, ref, tail] = [contig.slice(250, 300), contig[300], contig.slice(301, 351)]
    const alt = ref === 'G' ? 'CA' : 'GA'
    const [got] = await ratios(model, [variant(300, 1, alt)], { context: 50 })
    const plus = logLikelihood(head + alt + tail) - logLikelihood(head + ref + tail)
    const minus = logLikelihood(reversed(head + alt + tail)) - logLikelihood(reversed(head + ref + tail))
    expect(Math.abs(got.plus - plus)).toBeLessThan(5e-4)
    expect(Math.abs(got.minus - minus)).toBeLessThan(5e-4)
    expect(Math.abs(got.mean - (plus + minus) / 2)).toBeLessThan(5e-4)
    model.close()
  })
})

describe('language models and variants', () => {
  it('in any order and grouping the same; refuses masks; says that genes are not used; entries', async () => {
    const backend = createCpuBackend({ threads: 1 })
    const model = createModel([randomHyena()], backend)
    const together = await ratios(model, variants, { context: 30 })
    const alone = await ratios(
      model,
      variants.map((one) => ({ ...one, endsGroup: true })),
      { context: 30 },
    )
    expect(alone).toEqual(together)
    await expect(ratios(model, variants, { mask: 'sites' })).rejects.toThrow(/`?mask`?.*language model/)
    await expect(ratios(model, variants, { context: 0 })).rejects.toThrow(/context/)
    const notes: string[] = []
    const genes = { name: 'g.gff', transcripts: [], contigAliases: new Map<string, string>() }
    await ratios(model, variants.slice(0, 1), { context: 30, genes, onNote: (text) => notes.push(text) })
    expect(notes).toEqual(['random-hyena is a language model: the genes of g.gff are not used'])
    const kind = scoreKindOf(model.info)
    const common = { alleleIndex: 0, alt: 'T', gene: '.', transcript: undefined, strand: '+' as const }
    const options = { digits: 3, isGeneless: false }
    expect(kind.fields(options)).toBe('ALLELE|LLR|LLR_PLUS|LLR_MINUS')
    expect(kind.entry({ ...common, likelihood: { plus: -1, minus: -2.5, mean: -1.75 } }, options, 1)).toBe(
      'T|-1.750|-1.000|-2.500',
    )
    expect(kind.columns.map(({ name }) => name)).toEqual(['llr', 'llr_plus', 'llr_minus'])
    model.close()
    await backend.destroy()
  })
})
