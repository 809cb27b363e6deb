import { ConfigError } from '../../src/errors.ts'
import type { Region, Strand } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { basesSeen, isShort, mostPackBases, type StrandedStretch } from './pack-plan.ts'
import type { PredictOptions } from '../predict/options.ts'
import type { Target } from './targets.ts'

/** `full` context is the default up to this receptive field, both sides together. */
const fullContextBases = 100_000

/** A target and how it is to be run. */
export interface Job {
  readonly stretch: StrandedStretch
  readonly region: Region
  readonly regionIndex: number
}
/** Each target with the strand it is run on and the sequence around it. */
export async function* jobsOf(
  source: AsyncIterable<Target>,
  context: { left: number; right: number },
  strand: PredictOptions['strand'],
): AsyncGenerator<Job> {
  for await (const { contig, region, regionIndex, wholeLength } of source) {
    const { start, end } = region
    const direction = strand ?? region.strand ?? '+'
    const [before, after] = reach(context, direction)
    const isWhole = !Number.isFinite(end)
    const stretch = {
      contig,
      start,
      end,
      before: Math.min(start, before),
      after: isWhole ? 0 : Math.min(contig.length - end, after),
      direction,
      wholeLength,
    }
    yield { stretch, region, regionIndex }
  }
}

/** Packs' worth of bases that are looked ahead, at most, for what can be read and computed together. A run that is killed loses these. */
const mostPacksPerWindow = 8
/** Windows that a list should have, so that it can be cut into shards. */
const fewestWindows = 16
/** And stretches: they take memory however short they are. */
const mostWindowJobs = 2 ** 14

/** Packs that a window of a list of regions has: more where the list is long. */
export function packsPerWindowOf(regions: readonly Region[], { left, right }: { left: number; right: number }): number {
  const context = Number.isFinite(left + right) ? left + right : 0
  const seen = regions.reduce((sum, { start, end }) => sum + end - start + context, 0)
  return Math.max(1, Math.min(mostPacksPerWindow, Math.floor(seen / (fewestWindows * mostPackBases))))
}

/**
 * Short neighbours in the order of the request together, everything else alone: what is sorted, merged and packed
 * (packed-regions.ts) before its results come out in order. A function of the list and of the two numbers alone.
 */
export async function* inWindows(
  jobs: AsyncIterable<Job>,
  { regions, chunk }: Pick<PredictOptions, 'regions' | 'chunk'>,
  { packBases, packsPerWindow }: { readonly packBases: number; readonly packsPerWindow: number },
): AsyncGenerator<readonly Job[]> {
  let window: Job[] = []
  let seen = 0
  for await (const job of jobs) {
    const bases = basesSeen(job.stretch)
    const isPacked = regions !== undefined && chunk === undefined && isShort(job.stretch, packBases)
    if (
      window.length > 0 &&
      (!isPacked || seen + bases > packsPerWindow * packBases || window.length === mostWindowJobs)
    ) {
      yield window
      window = []
      seen = 0
    }
    if (isPacked) {
      window.push(job)
      seen += bases
    } else yield [job]
  }
  if (window.length > 0) yield window
}

/** Whether every region gets all that the model can see. */
export function isFull(model: Model, context: PredictOptions['context']): boolean {
  const { left, right } = model.info.receptiveField
  const chosen = contextBases(model, context)
  return chosen.left >= left && chosen.right >= right
}

/** Bases of real sequence before and after, as the model reads. */
export function contextBases({ info }: Model, context: PredictOptions['context']): { left: number; right: number } {
  const { left, right } = info.receptiveField
  const chosen = context ?? (left + right <= fullContextBases ? 'full' : 'none')
  if (chosen === 'full') return { left, right }
  if (chosen === 'none') return { left: 0, right: 0 }
  if (!(Number.isInteger(chosen) && chosen >= 0)) {
    throw new ConfigError({
      option: 'context',
      what: 'bad value',
      expected: 'a number of bases, full or none',
      got: `${chosen}`,
    })
  }
  return { left: chosen, right: chosen }
}

/** Bases before and after a region on the forward strand: the minus strand is read the other way round. */
function reach(
  { left, right }: { left: number; right: number },
  direction: Strand | 'both',
): [before: number, after: number] {
  if (direction === 'both') return [Math.max(left, right), Math.max(left, right)]
  return direction === '+' ? [left, right] : [right, left]
}
