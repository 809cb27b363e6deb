import { FormatError, LimitError } from '../../src/errors.ts'
import type { Contig, Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { partBases, type StrandOptions } from '../predict/strand-plan.ts'
import { knownContigs } from '../run/inputs.ts'
import { freeMemory } from '../run/memory.ts'
import type { AnyManifest, PlannedShard, SequenceManifest } from './manifest.ts'

/** Whether a shard can be computed here as it was planned. */

/**
 * The output names the manifest's contigs: these must be those of the FASTA.
 *
 * @throws FormatError where they are not
 */
export async function checkContigs(
  manifestPath: string,
  { contigs }: AnyManifest,
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
export function checkBorders(
  model: Model,
  manifest: SequenceManifest,
  shard: PlannedShard,
  strand: StrandOptions,
): void {
  if (manifest.targets === 'regions') return
  const lengths = new Map(manifest.contigs.map(({ name, length }) => [name, length]))
  for (const { contig, start, end } of shard.regions) {
    const length = lengths.get(contig)!
    const step = partBases(model, length, manifest.options.strand ?? '+', strand)
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

/**
 * Whether this node has the `needed` bytes that the planned chunks and the program take: `given` bytes or, without a number, what is free, of
 * which there is only a warning.
 *
 * @throws LimitError where `given` is too little
 */
export function checkMemory(needed: number, given: number | undefined, onWarning: (text: string) => void): void {
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
