import type { ReadRow } from '../../src/io/output/read-named-rows.ts'
import { effectNames } from '../variants/options.ts'

export interface Effect {
  readonly score: number
  readonly effect: string
}

/** `ALLELE|SYMBOL|` and four scores: SpliceAI's form, and that of splice models here. */
const spliceForm = /^[^|]*\|[^|]*\|([\d.]+)\|([\d.]+)\|([\d.]+)\|([\d.]+)\|/
/** `…|pos:gain|pos:loss`: Pangolin's. */
const pangolinForm = /\|-?\d+:(-?[\d.]+)\|-?\d+:(-?[\d.]+)/
/** `ALLELE|LLR|LLR_PLUS|LLR_MINUS`: that of language models. */
const likelihoodForm = /^[^|]*\|(-?[\d.]+)\|(?:-?[\d.]+|\.)\|(?:-?[\d.]+|\.)$/

/** The largest change that the INFO column of a VCF tells of; nothing where it tells of none. */
export function effectOf(info: string): Effect | undefined {
  let strongest: Effect | undefined
  for (const field of info.split(';')) {
    const at = field.indexOf('=')
    if (at < 0 || !field.includes('|', at)) continue
    for (const entry of field.slice(at + 1).split(','))
      for (const effect of effectsOf(entry))
        if (!strongest || Math.abs(effect.score) > Math.abs(strongest.score)) strongest = effect
  }
  return strongest
}

/** The largest change that a row of a table of scores tells of, by the names of its columns; nothing where it tells of none. */
export function effectOfRow(row: ReadRow): Effect | undefined {
  const columns: readonly (readonly [column: string, effect: string])[] = [
    ...effectNames.map((effect) => [effect.replace(' ', '_'), effect] as const),
    ['gain', 'splice gain'],
    ['loss', 'splice loss'],
    ['llr', 'log-likelihood'],
  ]
  let strongest: Effect | undefined
  for (const [column, effect] of columns) {
    const value = row[column]
    const score = value === null || value === undefined ? Number.NaN : Number(value)
    if (Math.abs(score) > Math.abs(strongest?.score ?? 0) || (!strongest && score === 0)) strongest = { score, effect }
  }
  return strongest
}

function effectsOf(entry: string): Effect[] {
  const splice = spliceForm.exec(entry)
  if (splice) return effectNames.map((effect, i) => ({ score: Number(splice[i + 1]), effect }))
  const pangolin = pangolinForm.exec(entry)
  if (pangolin)
    return [
      { score: Number(pangolin[1]), effect: 'splice gain' },
      { score: Number(pangolin[2]), effect: 'splice loss' },
    ]
  const likelihood = likelihoodForm.exec(entry)
  return likelihood ? [{ score: Number(likelihood[1]), effect: 'log-likelihood' }] : []
}
