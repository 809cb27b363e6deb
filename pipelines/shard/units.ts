import type { Contig, Genome, Region } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { contextBases, inWindows, jobsOf } from '../predict/jobs.ts'
import type { PredictOptions } from '../predict/options.ts'
import { basesSeen } from '../predict/pack-plan.ts'
import { packBasesFor } from '../predict/region-groups.ts'
import { partBases, type StrandOptions } from '../predict/run-strand.ts'
import { targets } from '../predict/targets.ts'
import { balance } from './balance.ts'
import type { PlannedShard } from './manifest.ts'

/** A record is cut into no more parts than this times the shards it could be spread over. */
const partsPerShard = 64

/** What is never divided: regions that are computed together, or a part of a record. */
export interface Unit {
  readonly regions: readonly Region[]
  readonly bases: number
}

/** What `predict` looks at together, made by the same function. */
export async function regionUnits(model: Model, genomes: readonly Genome[], run: PredictOptions): Promise<Unit[]> {
  const units: Unit[] = []
  const jobsInOrder = jobsOf(targets(genomes, run, strandOptions(run)), contextBases(model, run.context), run.strand)
  const windows = { packBases: packBasesFor(model, strandOptions(run)), packsPerWindow: run.packsPerWindow! }
  for await (const jobs of inWindows(jobsInOrder, run, windows)) {
    units.push({
      regions: jobs.map(({ region: { contig, start, end, name, strand } }) => ({ contig, start, end, name, strand })),
      bases: jobs.reduce((sum, { stretch }) => sum + basesSeen(stretch), 0),
    })
  }
  return units
}

/** Records, cut where the model allows it. */
export function recordUnits(model: Model, contigs: readonly Contig[], run: PredictOptions, shardCount: number): Unit[] {
  const { strand = '+' } = run
  const total = contigs.reduce((sum, { length }) => sum + length, 0)
  const units: Unit[] = []
  for (const { name: contig, length } of contigs) {
    if (length === 0) continue // no rows, in `predict` neither
    const least = partBases(model, length, strand, { ...strandOptions(run), chunkBases: run.chunk })
    const step = least * Math.max(1, Math.floor(total / (shardCount * partsPerShard) / least))
    for (let start = 0; start < length; start += step) {
      const end = Math.min(length, start + step)
      units.push({ regions: [{ contig, start, end }], bases: (strand === 'both' ? 2 : 1) * (end - start) })
    }
  }
  return units
}

/** What `predict` would plan a record with. */
export const strandOptions = ({ tracks, memory, signal }: PredictOptions): StrandOptions => ({
  tracks: tracks!,
  memoryBytes: memory!,
  spoolBytes: Math.min(2 ** 30, memory! / 8),
  temporaryFolder: '.',
  signal,
})

/** The shards of `units`. Neighbours go to the same shard, so that the merge is one file after the other. */
export function cutUnits(units: readonly Unit[], shardCount: number): PlannedShard[] {
  let from = 0
  return balance(
    units.map(({ bases }) => bases),
    shardCount,
  ).map((to, id) => {
    const mine = units.slice(from, to)
    from = to
    const regions = mine.flatMap((unit) => unit.regions)
    const rows = regions.reduce((sum, { start, end }) => sum + end - start, 0)
    return { id, rows, bases: mine.reduce((sum, { bases }) => sum + bases, 0), regions }
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
