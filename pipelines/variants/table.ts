import { formatFloat32 } from '../../src/io/output/format-number.ts'
import type { TableColumn, TableRow } from '../../src/io/output/table.ts'
import type { ScoredVariant, Variant } from './options.ts'
import type { RecordWriter } from './records.ts'
import type { ScoreKind } from './score-kinds.ts'

const mostUint32 = 2 ** 32 - 1
const encoder = new TextEncoder()

export interface TableOptions {
  /** What the columns of values are. */
  readonly kind: ScoreKind
  readonly isRaw: boolean
  /** Whether alleles without a score have a row too, which says why. */
  readonly givesReasons: boolean
}

/** Scored variants as rows. */
export interface VariantTable {
  readonly columns: readonly TableColumn[]
  rowsOf(scored: ScoredVariant): number
  rows(scored: ScoredVariant): TableRow[]
}

/**
 * One row per allele and gene, those without a score last, once each: positions 0-based (null for POS 0), unrounded scores,
 * offsets in bases from the position.
 */
export function variantTable({ kind, isRaw, givesReasons }: TableOptions): VariantTable {
  const nullable = (type: TableColumn['type'], names: readonly string[]): TableColumn[] =>
    names.map((name) => ({ name, type, isNullable: true }))
  const valueColumns = [...kind.columns, ...(isRaw ? (kind.raw?.columns ?? []) : [])]
  const values = valueColumns.flatMap(({ name, isWhole }) => nullable(isWhole ? 'int32' : 'float32', [name]))
  const none = values.map(() => undefined)
  const columns: TableColumn[] = [
    { name: 'contig', type: 'name', isNullable: false },
    ...nullable('uint32', ['position']),
    { name: 'ref', type: 'text', isNullable: false },
    { name: 'alt', type: 'text', isNullable: false },
    ...nullable('name', ['gene', 'transcript', 'strand']),
    ...values,
    ...nullable('name', givesReasons ? ['reason'] : []),
  ]
  return {
    columns,
    rowsOf: ({ scores, skipped }) => scores.length + (givesReasons ? skipped.length : 0),
    rows({ variant, scores, skipped }) {
      const position = variant.position >= 0 && variant.position <= mostUint32 ? variant.position : undefined
      const place = (alt: string): TableRow => [variant.contig, position, variant.ref, alt]
      const reasons = givesReasons ? [undefined] : []
      return [
        ...scores.map((score) => {
          const { alt, gene, transcript, strand } = score
          return [...place(alt), gene, transcript, strand, ...valueColumns.map(({ value }) => value(score)), ...reasons]
        }),
        ...(givesReasons ? skipped : []).map(({ alt, reason }) => [
          ...place(alt),
          undefined,
          undefined,
          undefined,
          ...none,
          reason,
        ]),
      ]
    },
  }
}

/** The rows as tab-separated text with a header line, `NA` where there is nothing. */
export function tsvWriter(options: TableOptions): RecordWriter<Variant> {
  const { columns, rowsOf, rows } = variantTable(options)
  const text = rowText(columns)
  return {
    rowsOf,
    *head() {
      yield text.head
    },
    *record(scored) {
      for (const row of rows(scored)) yield text.row(row)
    },
  }
}

/** Rows of a table as lines of text. */
export function rowText(columns: readonly TableColumn[]): {
  readonly head: Uint8Array
  row(row: TableRow): Uint8Array
} {
  const show = (value: string | number | undefined, c: number): string => {
    if (value === undefined) return 'NA'
    return columns[c].type === 'float32' ? formatFloat32(Math.fround(value as number)) : String(value)
  }
  return {
    head: encoder.encode(`${columns.map(({ name }) => name).join('\t')}\n`),
    row: (row) => encoder.encode(`${row.map(show).join('\t')}\n`),
  }
}
