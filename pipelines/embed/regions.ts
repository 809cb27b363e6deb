import type { EmbeddingBatch } from '../../src/genome.ts'
import { upperBases } from '../../src/io/fasta/alphabet.ts'
import type { JobValues } from '../predict/compute.ts'
import type { Job } from '../predict/jobs.ts'
import type { StrandValues } from '../predict/strand-values.ts'
import { runsOf } from '../predict/stretch.ts'
import { baseAfterBase, type Pool, poolingOf } from './pool.ts'

/** Rows of a batch, at most: memory follows them. */
const mostRows = 4096

/** Embeddings of regions, or of their bases, from the values of their channels as they come. */
export async function* pooled(
  computed: AsyncIterable<JobValues>,
  channels: readonly string[],
  pool: Pool,
): AsyncGenerator<EmbeddingBatch> {
  const channelCount = channels.length
  if (pool === 'none') {
    for await (const { job, values } of computed) {
      const rows = channelsAt(values, job, channels)
      for (let from = 0; from < values.bases.length; from += mostRows)
        yield basesBatch(values, job, rows, { from, to: Math.min(values.bases.length, from + mostRows) })
    }
    return
  }
  let open: { readonly job: Job; readonly pooling: ReturnType<typeof poolingOf>; end: number } | undefined
  const close = ({ job: { region, regionIndex }, pooling, end }: NonNullable<typeof open>): EmbeddingBatch => ({
    region: { ...region, end }, // of a record that streams in it is known only now
    embedding: pooling.result(),
    channelCount,
    regionIndex,
  })
  for await (const { job, values } of computed) {
    if (open && open.job !== job) {
      yield close(open)
      open = undefined
    }
    open ??= { job, pooling: poolingOf(pool, channelCount), end: 0 }
    open.pooling.add(channelsAt(values, job, channels))
    open.end = values.start + values.bases.length
    if (open.end === job.region.end) {
      yield close(open)
      open = undefined
    }
  }
  if (open) yield close(open)
}

/** The channels' values; of both strands their mean, position by position. */
function channelsAt({ tracks }: StrandValues, { stretch }: Job, channels: readonly string[]): Float32Array[] {
  const [one, other] = runsOf(stretch.direction).map(({ suffix }) => suffix)
  if (other === undefined) return channels.map((name) => tracks[name])
  return channels.map((name) => {
    const minus = tracks[name + other]
    return tracks[name + one].map((plus, t) => (plus + minus[t]) / 2)
  })
}

function basesBatch(
  { start, bases }: StrandValues,
  { region, regionIndex }: Job,
  channels: readonly Float32Array[],
  { from, to }: { readonly from: number; readonly to: number },
): EmbeddingBatch {
  return {
    region: { ...region, start: start + from, end: start + to },
    embedding: baseAfterBase(channels.map((row) => row.subarray(from, to))),
    channelCount: channels.length,
    bases: upperBases(bases.subarray(from, to)),
    regionIndex,
  }
}
