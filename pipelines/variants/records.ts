import type { VcfHeader, VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import { headerBytes, infoText, recordBytes } from '../../src/io/variants/vcf-writer.ts'
import type { ScoredVariant, Variant } from './options.ts'
import type { EntryOptions, ScoreKind } from './score-kinds.ts'

/** What becomes of scored variants as text. */
export interface RecordWriter<V extends Variant> {
  head(): Iterable<Uint8Array>
  /** Lines that a variant has. */
  rowsOf(scored: ScoredVariant): number
  /** Of several lines, a piece is a line. */
  record(scored: ScoredVariant<V>): Iterable<Uint8Array>
}

export interface VcfFormat extends EntryOptions {
  readonly header: VcfHeader
  readonly infoId: string
  readonly kind: ScoreKind
  /** Whether `<infoId>_RAW` has the probabilities that the scores are differences of, where the kind has such. */
  readonly isRaw: boolean
  /** Whether alleles without a score get their reason in `<infoId>_SKIPPED`. */
  readonly givesReasons: boolean
  /** Whether entries of these names in the input are replaced. */
  readonly replaces: boolean
  /** Text after `##genoconv=`, e.g. `<version=…>`. */
  readonly provenance: string
}

/** A VCF with header lines and INFO entries more; all else is as it was. */
export function vcfWriter(format: VcfFormat): RecordWriter<VcfRecord> {
  const { header, infoId, kind, givesReasons } = format
  const raw = format.isRaw ? kind.raw : undefined
  const skippedId = `${infoId}_SKIPPED`
  const rawId = `${infoId}_RAW`
  const replaced = format.replaces ? [infoId, rawId, skippedId] : []
  const added = [
    ...(raw
      ? [
          `##INFO=<ID=${rawId},Number=.,Type=String,Description="Probabilities of the four sites of ${infoId} in the reference (REF) and with the allele (ALT). Format: ${raw.fields(format)}">`,
        ]
      : []),
    `##INFO=<ID=${infoId},Number=.,Type=String,Description="${kind.description}. Format: ${kind.fields(format)}">`,
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
      const forms = [[infoId, kind] as const, ...(raw ? [[rawId, raw] as const] : [])]
      for (const [id, form] of scores.length > 0 ? forms : [])
        entries.push(`${id}=${scores.map((score) => form.entry(score, format, variant.alts.length)).join(',')}`)
      if (givesReasons && skipped.length > 0)
        entries.push(`${skippedId}=${skipped.map(({ alt, reason }) => `${infoText(alt)}|${reason}`).join(',')}`)
      return recordBytes(variant, entries, replaced)
    },
  }
}
