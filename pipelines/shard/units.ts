import type { Genome, Region } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { inGroups, type Job, jobsOf } from '../predict/jobs.ts'
import type { PredictOptions, PredictPlan } from '../predict/options.ts'
import { basesSeen } from '../predict/pack-plan.ts'
import { strandOptions } from '../predict/plan.ts'
import { partBases } from '../predict/strand-plan.ts'
import { runsOf } from '../predict/stretch.ts'
import { randomAccessContigs, regionTargets, type Target, wholeOf } from '../predict/targets.ts'
import { balance } from './balance.ts'
import type { EmbeddingRequest } from '../run/request.ts'
import { type PlannedShard, rowsIn } from './manifest.ts'

/** A record is cut into no more parts than this times the shards it could be spread over. */
const partsPerShard = 64

/** What is never divided: regions that are computed together, or a part of a record. */
export interface Unit {
  readonly regions: readonly Region[]
  readonly bases: number
}

/**
 * What `predict` computes together, made by the same functions, and the parts of long records: as many as `shardCount` shards
 * can use. Without a number records stay whole.
 */
export async function unitsOf(
  model: Model,
  genomes: readonly Genome[],
  run: PredictOptions,
  plan: PredictPlan,
  shardCount: number | undefined,
): Promise<Unit[]> {
  const units: Unit[] = []
  for await (const jobs of inGroups(jobsOf(allTargets(genomes, run), plan.context, run.strand), plan)) {
    if (run.regions || jobs.length > 1 || shardCount === undefined) units.push(unitOf(jobs, plan))
    else for (const unit of recordUnits(model, jobs[0], run, plan, shardCount)) units.push(unit)
  }
  return units
}

async function* allTargets(genomes: readonly Genome[], run: PredictOptions): AsyncGenerator<Target> {
  const contigs = await randomAccessContigs(genomes, run.signal)
  if (run.regions) yield* regionTargets(contigs, run)
  else
    for (const name of contigs.keys()) {
      const contig = contigs.get(name)!
      if (contig.length > 0) yield { contig, region: wholeOf(contig), regionIndex: 0 } // others have no rows
    }
}

const unitOf = (jobs: readonly Job[], { padding }: PredictPlan): Unit => ({
  regions: jobs.map(({ region: { contig, start, end, name, strand } }) => ({ contig, start, end, name, strand })),
  bases: jobs.reduce((sum, { stretch }) => sum + basesSeen(stretch, padding), 0),
})

/** A record, cut where the model allows it. */
function recordUnits(
  model: Model,
  { region: { contig, end: length }, stretch }: Job,
  run: PredictOptions,
  plan: PredictPlan,
  shardCount: number,
): Unit[] {
  const units: Unit[] = []
  const strands = runsOf(stretch.direction).length
  const least = partBases(model, length, stretch.direction, strandOptions(plan, run))
  const step = least * Math.max(1, Math.floor((plan.bases ?? 0) / (shardCount * partsPerShard) / least))
  for (let start = 0; start < length; start += step) {
    const end = Math.min(length, start + step)
    units.push({ regions: [{ contig, start, end }], bases: strands * (end - start) })
  }
  return units
}

/** The shards of `units`. Neighbours go to the same shard, so that the merge is one file after the other. */
export function cutUnits(
  units: readonly Unit[],
  shardCount: number,
  embedding: EmbeddingRequest | undefined,
): PlannedShard[] {
  let from = 0
  return balance(
    units.map(({ bases }) => bases),
    shardCount,
  ).map((to, id) => {
    const mine = units.slice(from, to)
    from = to
    const regions = mine.flatMap((unit) => unit.regions)
    return { id, rows: rowsIn(regions, embedding), bases: mine.reduce((sum, { bases }) => sum + bases, 0), regions }
  })
}

/** Parts of a record that follow each other as one. */
export function joinedParts(parts: readonly Region[]): Region[] {
  const out: Region[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (last && last.contig === part.contig && last.end === part.start) out[out.length - 1] = { ...last, end: part.end }
    else out.push(part)
  }
  return out
}
