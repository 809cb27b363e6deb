import type { VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import { headerBytes, infoText, recordBytes } from '../../src/io/variants/vcf-writer.ts'
import type { VcfHeader } from '../../src/io/variants/vcf-reader.ts'
import { formatFloat32 } from '../../src/io/output/format-number.ts'
import type { AlleleScore, ScoredVariant, Variant } from './options.ts'

const encoder = new TextEncoder()

/** What becomes of scored variants as bytes. */
export interface RecordWriter<V extends Variant> {
  head(): Iterable<Uint8Array>
  record(scored: ScoredVariant<V>): Iterable<Uint8Array>
}

export interface VcfFormat {
  readonly header: VcfHeader
  readonly infoId: string
  readonly digits: number
  /** Whether alleles without a score get their reason in `<infoId>_SKIPPED`. */
  readonly givesReasons: boolean
  /** Whether entries of these names in the input are replaced. */
  readonly replaces: boolean
  /** No gene is named: a last field says the strand. */
  readonly isGeneless: boolean
  /** Text after `##genoconv=`, e.g. `<version=…>`. */
  readonly provenance: string
}

/** A VCF with two header lines and one or two INFO entries more; all else is as it was. */
export function vcfWriter(format: VcfFormat): RecordWriter<VcfRecord> {
  const { header, infoId, digits, givesReasons, isGeneless } = format
  const skippedId = `${infoId}_SKIPPED`
  const replaced = format.replaces ? [infoId, skippedId] : []
  const fields = `ALLELE|SYMBOL|DS_AG|DS_AL|DS_DG|DS_DL|DP_AG|DP_AL|DP_DG|DP_DL${isGeneless ? '|STRAND' : ''}`
  const added = [
    `##INFO=<ID=${infoId},Number=.,Type=String,Description="Splice changes: gains and losses (DS) of acceptors and donors and their offsets from POS (DP). Format: ${fields}">`,
    ...(givesReasons
      ? [
          `##INFO=<ID=${skippedId},Number=.,Type=String,Description="Why an allele has no ${infoId} entry. Format: ALLELE|REASON">`,
        ]
      : []),
    `##genoconv=${format.provenance}`,
  ]
  return {
    head: () => headerBytes(header, added, replaced),
    record({ variant, scores, skipped }) {
      const entries: string[] = []
      if (scores.length > 0)
        entries.push(`${infoId}=${scores.map((score) => scoreText(score, digits, isGeneless)).join(',')}`)
      if (givesReasons && skipped.length > 0)
        entries.push(`${skippedId}=${skipped.map(({ alt, reason }) => `${infoText(alt)}|${reason}`).join(',')}`)
      return recordBytes(variant, entries, replaced)
    },
  }
}

/** `ALLELE|SYMBOL|` four scores `|` four offsets, dots where there are none. */
function scoreText({ alt, gene, strand, effects }: AlleleScore, digits: number, isGeneless: boolean): string {
  const values = effects ? [...effects.scores.map((s) => showScore(s, digits)), ...effects.offsets] : Array(8).fill('.')
  return [infoText(alt), gene === '.' ? gene : infoText(gene), ...values, ...(isGeneless ? [strand] : [])].join('|')
}

/** Fixed decimals, without the sign of a zero. */
export function showScore(score: number, digits: number): string {
  const text = score.toFixed(digits)
  return Number(text) === 0 ? (0).toFixed(digits) : text
}

const tsvColumns = [
  'contig',
  'position',
  'ref',
  'alt',
  'gene',
  'transcript',
  'strand',
  'acceptor_gain',
  'acceptor_loss',
  'donor_gain',
  'donor_loss',
  'acceptor_gain_offset',
  'acceptor_loss_offset',
  'donor_gain_offset',
  'donor_loss_offset',
]

/** A row an allele and gene, positions 0-based, unrounded scores; alleles without a score are left out. */
export function tsvWriter(): RecordWriter<Variant> {
  return {
    *head() {
      yield encoder.encode(`${tsvColumns.join('\t')}\n`)
    },
    *record({ variant, scores }) {
      for (const { alt, gene, transcript, strand, effects } of scores) {
        const place = [variant.contig, variant.position, variant.ref, alt, gene, transcript ?? 'NA', strand]
        const values = effects ? [...effects.scores.map(formatFloat32), ...effects.offsets] : Array(8).fill('NA')
        yield encoder.encode(`${[...place, ...values].join('\t')}\n`)
      }
    },
  }
}
