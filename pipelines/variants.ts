import type { Genome } from '../src/genome.ts'
import type { Model } from '../src/model/model.ts'
import { type Examined, examine } from './variants/alleles.ts'
import type { ScoredVariant, ScoreOptions, Variant } from './variants/options.ts'
import { Scorer } from './variants/scorer.ts'

/** Alleles, each counted once a gene, that are computed together. */
const groupTasks = 256
/** Variants that are held at most, where few of them lie in genes. */
const groupVariants = 2048

/**
 * What each variant changes, in SpliceAI's terms: for every allele and gene the largest gain and loss of acceptors and
 * donors within `distance` bases (default 50), with their places. Variants come out in the order in which they go in; near
 * ones share what is computed of the reference, sorted ones most. Every value equals what two runs of `predict` on the two
 * sequences give, within 2e-6.
 *
 * @throws ConfigError for a model that is no splice model or an option that cannot be; RegionError for a position outside
 * its contig; FormatError for an annotation that does not fit the genome, and where the model gives a value that is no
 * number; LimitError where the model does not fit `memory`. An abort passes through.
 */
export async function* scoreVariants<V extends Variant>(
  model: Model,
  genome: Genome,
  variants: Iterable<V> | AsyncIterable<V>,
  options: ScoreOptions,
): AsyncGenerator<ScoredVariant<V>> {
  const scorer = await Scorer.open(model, genome, options)
  let variantsDone = 0
  let group: { variant: V; examined: Examined }[] = []
  const finish = async function* (): AsyncGenerator<ScoredVariant<V>> {
    // 3. the reference is read and shared, both sequences are run;  4. what changed, in the order of the input
    const scored = await scorer.score(group)
    for (const one of scored) yield one
    variantsDone += group.length
    if (group.length > 0) options.onProgress?.({ contig: group[group.length - 1].variant.contig, variantsDone })
    group = []
  }
  let tasks = 0
  // 1. variants, as they come
  for await (const variant of variants) {
    options.signal?.throwIfAborted()
    // 2. which alleles can be scored, and in which genes
    const found = examine(variant, scorer.around)
    const examined = found instanceof Promise ? await found : found
    group.push({ variant, examined })
    for (const allele of examined.alleles) tasks += typeof allele === 'string' ? 0 : allele.genes.length
    if (tasks < groupTasks && group.length < groupVariants && !variant.endsGroup) continue
    yield* finish()
    tasks = 0
  }
  yield* finish()
}
