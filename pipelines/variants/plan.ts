import type { Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { inGroups, taskCount, type ToScore } from './groups.ts'
import type { ScoreOptions, SkipReason, Variant } from './options.ts'
import { openScorer } from './open-scorer.ts'

/** Variants of the trial that the time is estimated from. */
const trialVariants = 16

/** What there is to be done. */
export interface VariantsPlan {
  readonly variants: number
  /** Alleles, each counted once a gene. */
  readonly scores: number
  readonly reasons: ReadonlyMap<SkipReason, number>
  /** From a trial on the first variants that can be scored, scaled up; undefined where there are none. */
  readonly estimatedSeconds: number | undefined
}

/** Goes through all variants without scoring them, and times a few. Errors as of `scoreVariants`. */
export async function planVariants<V extends Variant>(
  model: Model,
  genome: Genome,
  variants: AsyncIterable<V>,
  options: ScoreOptions,
): Promise<VariantsPlan> {
  const scorer = await openScorer(model, genome, options)
  const reasons = new Map<SkipReason, number>()
  const trial: ToScore<V>[] = []
  let count = 0
  let scores = 0
  const start = performance.now()
  for await (const group of inGroups(variants, scorer.around)) {
    for (const one of group) {
      count++
      const tasks = taskCount(one.examined)
      scores += tasks
      if (tasks > 0 && trial.length < trialVariants) trial.push(one)
      for (const allele of one.examined.alleles)
        if (typeof allele === 'string') reasons.set(allele, (reasons.get(allele) ?? 0) + 1)
    }
  }
  const readingSeconds = (performance.now() - start) / 1000
  if (trial.length === 0) return { variants: count, scores, reasons, estimatedSeconds: undefined }
  await scorer.score(trial) // compiles
  const again = performance.now()
  await scorer.score(trial)
  const trialSeconds = (performance.now() - again) / 1000
  const trialScores = trial.reduce((sum, { examined }) => sum + taskCount(examined), 0)
  return { variants: count, scores, reasons, estimatedSeconds: readingSeconds + (scores / trialScores) * trialSeconds }
}
