import type { VcfHeader, VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import { headerBytes, infoText, recordBytes } from '../../src/io/variants/vcf-writer.ts'
import type { AlleleScore, Effects, ScoredVariant, Variant } from './options.ts'

/** What becomes of scored variants as text. */
export interface RecordWriter<V extends Variant> {
  head(): Iterable<Uint8Array>
  /** Lines that a variant has. */
  rowsOf(scored: ScoredVariant): number
  /** Of several lines, a piece is a line. */
  record(scored: ScoredVariant<V>): Iterable<Uint8Array>
}

export interface VcfFormat {
  readonly header: VcfHeader
  readonly infoId: string
  readonly digits: number
  /** Whether `<infoId>_RAW` has the probabilities that the scores are differences of. */
  readonly isRaw: boolean
  /** Whether alleles without a score get their reason in `<infoId>_SKIPPED`. */
  readonly givesReasons: boolean
  /** Whether entries of these names in the input are replaced. */
  readonly replaces: boolean
  /** No gene is named: a last field says the strand. */
  readonly isGeneless: boolean
  /** Text after `##genoconv=`, e.g. `<version=…>`. */
  readonly provenance: string
}

/** A VCF with header lines and INFO entries more; all else is as it was. */
export function vcfWriter(format: VcfFormat): RecordWriter<VcfRecord> {
  const { header, infoId, isRaw, givesReasons, isGeneless } = format
  const skippedId = `${infoId}_SKIPPED`
  const rawId = `${infoId}_RAW`
  const replaced = format.replaces ? [infoId, rawId, skippedId] : []
  const fields = (values: string): string => `ALLELE|SYMBOL|${values}${isGeneless ? '|STRAND' : ''}`
  const added = [
    ...(isRaw
      ? [
          `##INFO=<ID=${rawId},Number=.,Type=String,Description="Probabilities of the four sites of ${infoId} in the reference (REF) and with the allele (ALT). Format: ${fields(rawFields)}">`,
        ]
      : []),
    `##INFO=<ID=${infoId},Number=.,Type=String,Description="Splice changes: gains and losses (DS) of acceptors and donors and their offsets from POS (DP). Format: ${fields(scoreFields)}">`,
    ...(givesReasons
      ? [
          `##INFO=<ID=${skippedId},Number=.,Type=String,Description="Why an allele has no ${infoId} entry. Format: ALLELE|REASON">`,
        ]
      : []),
    `##genoconv=${format.provenance}`,
  ]
  return {
    rowsOf: () => 1,
    head: () => headerBytes(header, added, replaced),
    record({ variant, scores, skipped }) {
      const entries: string[] = []
      if (scores.length > 0)
        entries.push(`${infoId}=${scores.map((score) => entryText(score, shownScores, format)).join(',')}`)
      if (isRaw && scores.length > 0)
        entries.push(`${rawId}=${scores.map((score) => entryText(score, shownProbabilities, format)).join(',')}`)
      if (givesReasons && skipped.length > 0)
        entries.push(`${skippedId}=${skipped.map(({ alt, reason }) => `${infoText(alt)}|${reason}`).join(',')}`)
      return recordBytes(variant, entries, replaced)
    },
  }
}

const scoreFields = 'DS_AG|DS_AL|DS_DG|DS_DL|DP_AG|DP_AL|DP_DG|DP_DL'
const rawFields = 'REF_AG|REF_AL|REF_DG|REF_DL|ALT_AG|ALT_AL|ALT_DG|ALT_DL'
type Shown = (effects: Effects, digits: number) => (string | number)[]

const shownScores: Shown = ({ scores, offsets }, digits) => [...scores.map((s) => showScore(s, digits)), ...offsets]
const shownProbabilities: Shown = ({ reference, alternate }, digits) =>
  [...reference, ...alternate].map((p) => showScore(p, digits))

/** `ALLELE|SYMBOL|` eight values, dots where there are none. */
function entryText({ alt, gene, strand, effects }: AlleleScore, show: Shown, format: VcfFormat): string {
  const values = effects ? show(effects, format.digits) : Array(8).fill('.')
  const name = gene === '.' ? gene : infoText(gene)
  return [infoText(alt), name, ...values, ...(format.isGeneless ? [strand] : [])].join('|')
}

/** Fixed decimals, without the sign of a zero. */
export function showScore(score: number, digits: number): string {
  const text = score.toFixed(digits)
  return Number(text) === 0 ? (0).toFixed(digits) : text
}
