import type { Region } from '../../src/genome.ts'
import type { ReceptiveField } from '../../src/model/receptive-field.ts'
import type { PredictOptions, PredictPlan } from './options.ts'
import { basesSeen, isShort, mostPackBases } from './pack-plan.ts'
import { isPart, type StrandedStretch, stretchOf } from './stretch.ts'
import type { Target } from './targets.ts'

/** A target and how it is to be run. */
export interface Job {
  readonly stretch: StrandedStretch
  readonly region: Region
  readonly regionIndex: number
}

/** Each target with the strand it is run on and the sequence around it. */
export async function* jobsOf(
  source: AsyncIterable<Target>,
  context: ReceptiveField,
  strand: PredictOptions['strand'],
): AsyncGenerator<Job> {
  for await (const target of source) {
    const { region, regionIndex } = target
    yield { stretch: stretchOf(target, context, strand), region, regionIndex }
  }
}

/** Packs' worth of bases that are looked ahead, at most, for what can be read and computed together. A run that is killed loses these. */
const mostPacksPerGroup = 8
/** Groups that a list should have, so that it can be cut into shards. */
const fewestGroups = 16
/** And stretches: they take memory however short they are. */
const mostGroupJobs = 2 ** 14

/** Packs that a group of a list of regions has: more where the list is long. Records share no sequence: one is enough. */
export function packsPerGroupOf(regions: readonly Region[] | undefined, { left, right }: ReceptiveField): number {
  if (!regions) return 1
  const context = Number.isFinite(left + right) ? left + right : 0
  const seen = regions.reduce((sum, { start, end }) => sum + end - start + context, 0)
  return Math.max(1, Math.min(mostPacksPerGroup, Math.floor(seen / (fewestGroups * mostPackBases))))
}

/** What decides which jobs are computed together. */
export type Grouping = Pick<PredictPlan, 'packBases' | 'packsPerGroup' | 'padding'>

/**
 * Short neighbours in the order of the request together, everything else alone: what is sorted, merged and packed
 * (groups.ts) before its results come out in order. A function of the list and of `grouping` alone, which begins anew at
 * the border of each group: shards rest on it.
 */
export async function* inGroups(
  jobs: AsyncIterable<Job>,
  { packBases, packsPerGroup, padding }: Grouping,
): AsyncGenerator<readonly Job[]> {
  let group: Job[] = []
  let seen = 0
  for await (const job of jobs) {
    const { stretch } = job
    const isPacked = !isPart(stretch) && isShort(stretch, packBases, padding)
    const bases = basesSeen(stretch, padding)
    if (group.length > 0 && (!isPacked || seen + bases > packsPerGroup * packBases || group.length === mostGroupJobs)) {
      yield group
      group = []
      seen = 0
    }
    if (isPacked) {
      group.push(job)
      seen += bases
    } else yield [job]
  }
  if (group.length > 0) yield group
}
