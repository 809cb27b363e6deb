import type { VariantCounts } from '../run/variants-tally.ts'
import type { JsonValue } from './json-value.ts'

/** Counts of a shard, as its sidecar has them. */
export type SavedCounts = Omit<VariantCounts, 'reasons'> & { readonly reasons: readonly SkipCount[] }

interface SkipCount {
  readonly reason: string
  readonly count: number
}

export const savedCounts = ({ records, scores, reasons, strongest }: VariantCounts): SavedCounts => ({
  records,
  scores,
  reasons: [...reasons].map(([reason, count]) => ({ reason, count })),
  strongest,
})

export const loadedCounts = ({ reasons, ...counts }: SavedCounts): VariantCounts => ({
  ...counts,
  reasons: new Map(reasons.map(({ reason, count }) => [reason, count])),
})

/** @throws FormatError that names the field */
export const readCounts = (value: JsonValue): SavedCounts =>
  value.object<SavedCounts>({
    records: (field) => field.whole(0),
    scores: (field) => field.whole(0),
    reasons: (field) =>
      field.list((skip) =>
        skip.object<SkipCount>({ reason: (reason) => reason.name(), count: (count) => count.whole(0) }),
      ),
    strongest: (field) => field.list(readChange),
  })

const readChange = (value: JsonValue): SavedCounts['strongest'][number] =>
  value.object<SavedCounts['strongest'][number]>({
    contig: (field) => field.text(),
    pos: (field) => field.whole(0),
    ref: (field) => field.text(),
    alt: (field) => field.text(),
    gene: (field) => field.text(),
    strand: (field) => field.oneOf('+', '-'),
    effect: (field) => field.text(),
    score: (field) => field.number(-Number.MAX_VALUE, Number.MAX_VALUE),
    offset: (field) => field.optional((offset) => offset.whole(Number.MIN_SAFE_INTEGER)),
  })
