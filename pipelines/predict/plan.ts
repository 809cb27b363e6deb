import type { Genome } from '../../src/genome.ts'
import type { Model, RunPlan } from '../../src/model/model.ts'
import { contextBases } from './jobs.ts'
import { checkedTracks, type PredictOptions } from '../predict/options.ts'

/** What a run will do, as data. */
export interface PredictPlan {
  /** Records or regions; undefined for a stream, as are its bases. */
  readonly targets: number | undefined
  readonly bases: number | undefined
  /** How the longest of them is computed. */
  readonly longest: RunPlan
}

/**
 * Plans the longest record or region; LimitError where even its smallest chunk does not fit. Reads indices, computes nothing.
 */
export async function planPredict(
  model: Model,
  genomes: readonly Genome[],
  options: PredictOptions,
): Promise<PredictPlan> {
  const { signal } = options
  const lengths: number[] = []
  let isStream = false
  let before = 0
  let after = 0
  if (options.regions) {
    const { left, right } = contextBases(model, options.context)
    const longest = options.regions.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a))
    for (const { start, end } of options.regions) lengths.push(end - start)
    before = Math.min(left, longest.start)
    after = Number.isFinite(right) ? right : 0
  } else {
    for (const genome of genomes) {
      if (genome.isRandomAccess) for (const { length } of await genome.contigs(signal)) lengths.push(length)
      else isStream = true
    }
  }
  const longest = model.plan({
    tracks: checkedTracks(model, options.tracks),
    length: isStream ? Number.POSITIVE_INFINITY : lengths.reduce((a, b) => Math.max(a, b), 1),
    leftContext: before,
    rightContext: after,
    chunkBases: options.chunk,
    memoryBytes: options.memory ?? model.backend.limits.maxTotalBytes ?? Number.POSITIVE_INFINITY,
  })
  return {
    targets: isStream ? undefined : lengths.length,
    bases: isStream ? undefined : lengths.reduce((a, b) => a + b, 0),
    longest,
  }
}
