import { type Examined, examine, type Surroundings } from './alleles.ts'
import type { Variant } from './options.ts'

/** Alleles, each counted once a gene, that are computed together. */
const groupTasks = 256
/** Variants that are held at most, where few of them lie in genes. */
const groupVariants = 2048

/** A variant on its way. */
export interface ToScore<V extends Variant> {
  readonly variant: V
  readonly examined: Examined
}

/**
 * Variants in groups that are computed together, in order. Where a group ends follows from the variants and the genes alone,
 * so that a run that is resumed, or cut into shards at the ends of groups, has the values of an undisturbed one.
 */
export async function* inGroups<V extends Variant>(
  variants: Iterable<V> | AsyncIterable<V>,
  around: Surroundings,
): AsyncGenerator<ToScore<V>[]> {
  let group: ToScore<V>[] = []
  let tasks = 0
  for await (const variant of variants) {
    around.signal?.throwIfAborted()
    const found = examine(variant, around)
    const examined = found instanceof Promise ? await found : found
    group.push({ variant, examined })
    tasks += taskCount(examined)
    if (tasks < groupTasks && group.length < groupVariants && !variant.endsGroup) continue
    yield group
    group = []
    tasks = 0
  }
  if (group.length > 0) yield group
}

/** How many alleles, each counted once a gene, are to be scored. */
export function taskCount({ alleles }: Examined): number {
  let count = 0
  for (const allele of alleles) if (typeof allele !== 'string') count += allele.genes.length
  return count
}
