import { DeviceError } from '../src/errors.ts'
import type { Genome } from '../src/genome.ts'
import type { Model } from '../src/model/model.ts'
import { inGroups, type ToScore } from './variants/groups.ts'
import { openScorer } from './variants/open-scorer.ts'
import type { ScoredVariant, ScoreOptions, ScoringPlace, Variant } from './variants/options.ts'

/**
 * What each variant changes. A splice model: in SpliceAI's terms, for every allele and gene the largest gain and loss of
 * acceptors and donors within `distance` bases (default 50), with their places; Pangolin's models: by its rule (`tissues`).
 * A language model: the change of the log-likelihood of the bases around it (`likelihood`). Variants come out in the order in which they go in; near
 * ones share what is computed of the reference, sorted ones most. Every value equals what two runs of `predict` on the two
 * sequences give, within 2e-6.
 *
 * @throws ConfigError for an option that cannot be, or that the model's family does not have; RegionError for a position outside
 * its contig; FormatError for an annotation that does not fit the genome, and where the model gives a value that is no
 * number; LimitError where the model does not fit `memory`. An abort passes through.
 */
export async function* scoreVariants<V extends Variant>(
  model: Model,
  genome: Genome,
  variants: Iterable<V> | AsyncIterable<V>,
  options: ScoreOptions,
): AsyncGenerator<ScoredVariant<V>> {
  const { doneRows, onProgress, onDeviceError, memory } = options
  let place: ScoringPlace = { model, memory }
  let scorer = await openScorer(model, genome, options)
  /** The group's scores; where the device fails, by the one that `onDeviceError` gives. */
  const score = async (group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> => {
    for (;;) {
      try {
        return await scorer.score(group)
      } catch (error) {
        const next = error instanceof DeviceError ? await onDeviceError?.(error, place) : undefined
        if (!next) throw error
        place = next
        scorer = await openScorer(next.model, genome, { ...options, memory: next.memory, onNote: undefined })
      }
    }
  }
  let rowsLeft = doneRows?.count ?? 0
  let variantsDone = 0
  // 1. variants, as they come, each with the genes it lies in, in groups
  for await (const group of inGroups(variants, scorer.around)) {
    // 2. what is done already is skipped: whole groups only, as values depend on the group in their last bits
    let scored: ScoredVariant<V>[] | undefined
    if (doneRows && rowsLeft > 0) {
      const unscored = await scorer.unscored(group)
      const rows = unscored.reduce((sum, one) => sum + doneRows.rowsOf(one), 0)
      if (rows <= rowsLeft) scored = unscored
      rowsLeft = rows <= rowsLeft ? rowsLeft - rows : 0
    }
    // 3. the reference is read and shared, both sequences are run;  4. what changed, in the order of the input
    for (const one of scored ?? (await score(group))) yield one
    variantsDone += group.length
    onProgress?.({ contig: group[group.length - 1].variant.contig, variantsDone })
  }
}
