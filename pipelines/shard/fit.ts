import { FormatError, LimitError } from '../../src/errors.ts'
import type { Contig, Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { contextBases, jobsOf } from '../predict/jobs.ts'
import type { PredictOptions } from '../predict/options.ts'
import { partBases } from '../predict/run-strand.ts'
import { targets } from '../predict/targets.ts'
import { knownContigs } from '../run/inputs.ts'
import { freeMemory, reserveBytes } from '../run/memory.ts'
import type { PlannedShard, ShardManifest } from './manifest.ts'
import { strandOptions } from './units.ts'

/** Whether a shard can be computed here as it was planned. */

/**
 * The output names the manifest's contigs: these must be those of the FASTA.
 *
 * @throws FormatError where they are not
 */
export async function checkContigs(
  manifestPath: string,
  { contigs }: ShardManifest,
  genomes: readonly Genome[],
  signal?: AbortSignal,
): Promise<void> {
  const found = (await knownContigs(genomes, signal)) ?? []
  const isSame = ({ name, length }: Contig, i: number): boolean => found[i]?.name === name && found[i].length === length
  if (found.length === contigs.length && contigs.every(isSame)) return
  const what = 'its contigs are not those of the FASTA'
  throw new FormatError({ where: manifestPath, what, remedy: 'plan again' })
}

/**
 * Another kind of device may want other chunks; then parts of records do not end where its chunks do.
 *
 * @throws LimitError where they do not
 */
export function checkBorders(model: Model, manifest: ShardManifest, shard: PlannedShard, run: PredictOptions): void {
  if (manifest.targets === 'regions') return
  const lengths = new Map(manifest.contigs.map(({ name, length }) => [name, length]))
  for (const { contig, start, end } of shard.regions) {
    const length = lengths.get(contig)!
    const step = partBases(model, length, run.strand ?? '+', { ...strandOptions(run), chunkBases: run.chunk })
    if (start % step === 0 && (end % step === 0 || end === length)) continue
    throw new LimitError({
      where: `shard ${shard.id}`,
      what: `on this device ${contig} is computed in other chunks than planned`,
      expected: `borders at multiples of ${step}`,
      got: `${start} and ${end}`,
      remedy: 'plan with the `device` that the shards run on',
    })
  }
}

/** Bytes that the model takes for the most demanding stretch, as planned. */
export async function neededBytes(model: Model, genomes: readonly Genome[], run: PredictOptions): Promise<number> {
  const context = contextBases(model, run.parts ? 'full' : run.context)
  let longest = { length: 0, leftContext: 0, rightContext: 0 }
  for await (const {
    stretch: { start, end, before, after },
  } of jobsOf(targets(genomes, run, strandOptions(run)), context, run.strand)) {
    if (end - start > longest.length) longest = { length: end - start, leftContext: before, rightContext: after }
  }
  if (longest.length === 0) return 0
  return model.plan({ ...longest, tracks: run.tracks!, chunkBases: run.chunk, memoryBytes: run.memory! }).memoryBytes
}

/**
 * Whether this node has the memory that the planned chunks take: `given` bytes or, without a number, what is free, of
 * which there is only a warning.
 *
 * @throws LimitError where `given` is too little
 */
export function checkMemory(modelBytes: number, given: number | undefined, onWarning: (text: string) => void): void {
  const needed = modelBytes + reserveBytes
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}M`
  if (given !== undefined && needed > given) {
    throw new LimitError({
      option: 'memory',
      what: 'too little for the chunks that the shards were planned with',
      expected: `at least ${mebibytes(needed)}`,
      got: mebibytes(given),
      remedy: 'take a node with more memory, or plan again with a smaller `memory`',
      neededBytes: needed,
    })
  }
  const free = freeMemory()
  if (given === undefined && needed > free)
    onWarning(`this shard takes about ${mebibytes(needed)} of memory, and ${mebibytes(free)} are free`)
}
