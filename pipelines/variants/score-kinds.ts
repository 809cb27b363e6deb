import { infoText } from '../../src/io/variants/vcf-writer.ts'
import type { ModelInfo } from '../../src/model/model.ts'
import { tissueOf } from '../../src/model/splice/pangolin-readout.ts'
import { type AlleleScore, effectNames } from './options.ts'
import { showScore } from './show-score.ts'

/** A value of a score in a table, unrounded. */
export interface ScoreColumn {
  readonly name: string
  readonly isWhole: boolean
  /** Undefined where an allele has no values. */
  value(score: AlleleScore): number | undefined
}

export interface EntryOptions {
  readonly digits: number
  /** No gene is named: a last field says the strand. */
  readonly isGeneless: boolean
}

/** What the scores of a family of models are called, in an INFO entry and in tables. */
export interface ScoreKind {
  /** What the header says of the INFO entry; `fields` are those of an entry, in their order. */
  readonly description: string
  fields(options: EntryOptions): string
  /** An allele's entry, fields joined by `|`; `altCount`: ALTs of its record. */
  entry(score: AlleleScore, options: EntryOptions, altCount: number): string
  readonly columns: readonly ScoreColumn[]
  /** Of `RAW` entries and columns, where the kind has them. */
  readonly raw?: Pick<ScoreKind, 'fields' | 'entry' | 'columns'>
}

/** What of a model says what its scores are. */
export interface ScoredModel {
  readonly family: ModelInfo['family']
  readonly tracks: readonly { readonly name: string }[]
}

/** `infoId`: a field called `Pangolin` has that program's own form for its models. */
export function scoreKindOf({ family, tracks }: ScoredModel, infoId?: string): ScoreKind {
  if (family === 'language') return likelihoodKind
  const tissues = tracks.flatMap(({ name }) => tissueOf(name) ?? [])
  if (tissues.length === 0) return spliceKind
  return infoId === 'Pangolin' ? { ...tissueKind(tissues), ...pangolinForm } : tissueKind(tissues)
}

const four = ['acceptor_gain', 'acceptor_loss', 'donor_gain', 'donor_loss'] as const
const effectColumns = (suffix: string, of: 'scores' | 'offsets' | 'reference' | 'alternate'): readonly ScoreColumn[] =>
  four.map((name, k) => ({
    name: name + suffix,
    isWhole: of === 'offsets',
    value: ({ effects }) => effects?.[of][k],
  }))
const geneFields = (values: string, { isGeneless }: EntryOptions): string =>
  `ALLELE|SYMBOL|${values}${isGeneless ? '|STRAND' : ''}`
const geneEntry = (
  { alt, gene, strand }: AlleleScore,
  values: readonly (string | number)[],
  isGeneless: boolean,
): string => [infoText(alt), gene === '.' ? gene : infoText(gene), ...values, ...(isGeneless ? [strand] : [])].join('|')
const dots = (count: number): string[] => Array(count).fill('.')

const spliceKind: ScoreKind = {
  description: 'Splice changes: gains and losses (DS) of acceptors and donors and their offsets from POS (DP)',
  fields: (options) => geneFields('DS_AG|DS_AL|DS_DG|DS_DL|DP_AG|DP_AL|DP_DG|DP_DL', options),
  entry(score, { digits, isGeneless }) {
    const { effects } = score
    const values = effects ? [...effects.scores.map((s) => showScore(s, digits)), ...effects.offsets] : dots(8)
    return geneEntry(score, values, isGeneless)
  },
  columns: [...effectColumns('', 'scores'), ...effectColumns('_offset', 'offsets')],
  raw: {
    fields: (options) => geneFields('REF_AG|REF_AL|REF_DG|REF_DL|ALT_AG|ALT_AL|ALT_DG|ALT_DL', options),
    entry(score, { digits, isGeneless }) {
      const { effects } = score
      const values = effects ? [...effects.reference, ...effects.alternate].map((p) => showScore(p, digits)) : dots(8)
      return geneEntry(score, values, isGeneless)
    },
    columns: [...effectColumns('_reference', 'reference'), ...effectColumns('_alternate', 'alternate')],
  },
}

const gainAndLoss = ({ tissues }: AlleleScore, digits: number): string[] =>
  tissues
    ? [
        `${tissues.gainOffset}:${showScore(tissues.gain, digits)}`,
        `${tissues.lossOffset}:${showScore(tissues.loss, digits)}`,
      ]
    : dots(2)

const tissueKind = (names: readonly string[]): ScoreKind => ({
  description: `Splice changes by the rule of Pangolin: the largest gain and loss (at most 0) over ${names.join(', ')}, each after its offset from POS`,
  fields: (options) => geneFields('POS:GAIN|POS:LOSS', options),
  entry: (score, { digits, isGeneless }) => geneEntry(score, gainAndLoss(score, digits), isGeneless),
  columns: [undefined, ...names].flatMap((tissue, place) =>
    (['gain', 'loss', 'gainOffset', 'lossOffset'] as const).map((part) => ({
      name: `${tissue === undefined ? '' : `${tissue}_`}${part.replace('Offset', '_offset')}`,
      isWhole: part.endsWith('Offset'),
      value: ({ tissues }: AlleleScore) => (place === 0 ? tissues : tissues?.byTissue[place - 1])?.[part],
    })),
  ),
})

/** The form of Pangolin's own program, which knows one ALT a record: of several, each is named before. */
const pangolinForm: Pick<ScoreKind, 'description' | 'fields' | 'entry'> = {
  description: 'Splice changes in the form of Pangolin; where a record has several ALTs, ALLELE| comes first',
  fields: () => 'SYMBOL|POS:GAIN|POS:LOSS|Warnings:',
  entry(score, { digits }, altCount) {
    const { alt, gene } = score
    const named = altCount > 1 ? [infoText(alt)] : []
    return [...named, gene === '.' ? gene : infoText(gene), ...gainAndLoss(score, digits), 'Warnings:'].join('|')
  },
}

const likelihoodKind: ScoreKind = {
  description:
    'Natural log of the likelihood with ALT less that with REF: mean of both strands (LLR), forward strand, reverse complement',
  fields: () => 'ALLELE|LLR|LLR_PLUS|LLR_MINUS',
  entry({ alt, likelihood }, { digits }) {
    const { mean, plus, minus } = likelihood ?? {}
    return [infoText(alt), ...[mean, plus, minus].map((v) => (v === undefined ? '.' : showScore(v, digits)))].join('|')
  },
  columns: (['mean', 'plus', 'minus'] as const).map((part) => ({
    name: part === 'mean' ? 'llr' : `llr_${part}`,
    isWhole: false,
    value: ({ likelihood }) => likelihood?.[part],
  })),
}

/** A score's strongest change, for people. */
export interface Strength {
  readonly effect: string
  readonly score: number
  /** From the variant's position; undefined where there is none. */
  readonly offset?: number
}

/** The strongest change of a score; undefined where it has no values. */
export function strengthOf({ effects, tissues, likelihood }: AlleleScore): Strength | undefined {
  if (likelihood) return { effect: 'log-likelihood ratio', score: likelihood.mean }
  if (tissues) {
    const { gain, gainOffset, loss, lossOffset } = tissues
    return gain >= -loss
      ? { effect: 'gain', score: gain, offset: gainOffset }
      : { effect: 'loss', score: loss, offset: lossOffset }
  }
  if (!effects) return undefined
  const score = Math.max(...effects.scores)
  const k = effects.scores.indexOf(score)
  return { effect: effectNames[k], score, offset: effects.offsets[k] }
}
