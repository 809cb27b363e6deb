import type { Examined } from './alleles.ts'
import type { AlleleScore, ScoredVariant, Variant } from './options.ts'

/** A variant with its scores, and with the reasons of the alleles that have none. */
export const scoredVariant = <V extends Variant>(
  variant: V,
  examined: Examined,
  scores: readonly AlleleScore[],
): ScoredVariant<V> => ({
  variant,
  scores,
  skipped: examined.alleles.flatMap((reason, k) =>
    typeof reason === 'string' ? { alt: variant.alts[k], reason } : [],
  ),
})
