import { createHash } from 'node:crypto'
import type { Contig, Genome, Region } from '../../src/genome.ts'
import { hashFile } from '../../src/io/bytes/file-hash.ts'
import { localFileOf, nameOfInput } from '../../src/io/bytes/local-path.ts'
import type { Model, RunPlan } from '../../src/model/model.ts'
import { planConstants } from '../device/plan-constants.ts'
import type { PredictOptions } from '../predict/options.ts'
import type { RunOrigin } from './origin.ts'
import type { EmbeddingRequest } from './request.ts'
import { describeRegions } from './resume-record.ts'
import { version } from './version.ts'

/** Options that change the numbers, apart from the model itself. */
export interface NumberOptions {
  readonly filterLength?: number
  readonly frequencySparsity: number
  readonly embedding?: EmbeddingRequest
}

/** What an input held. `of: content`: all its bytes; `of: index`: its size and the names and lengths of its contigs. */
export interface InputHash {
  readonly sha256: string
  readonly of: 'content' | 'index'
}

/** What is known of a run before its first row. */
export interface RunFacts {
  readonly model: Model
  readonly genomes: readonly Genome[]
  readonly options: PredictOptions
  readonly args: NumberOptions
  readonly origin: RunOrigin
  /** How the longest record or region is computed. */
  readonly plan: RunPlan
  /** By input; undefined for streams. */
  readonly inputHashes: readonly (InputHash | undefined)[]
  /** All regions of the run, of which a shard computes some. */
  readonly regions: readonly Region[] | undefined
}

/**
 * The schema metadata: what was run, on what, with which parameters; enough to run it again. All of it is the same in an
 * undisturbed run, in one that was resumed and in shards merged, so that their bytes can be. Gives a function of the
 * contigs, which of a stream are known only at its end.
 */
export async function runMetadata(
  facts: RunFacts,
): Promise<(contigs: readonly Contig[]) => ReadonlyMap<string, string>> {
  const { model, genomes, options, args, origin, plan, inputHashes, regions } = facts
  const { left, right } = model.info.receptiveField
  const parameters = {
    ...(args.embedding ?? { tracks: options.tracks }),
    strand: options.strand ?? (options.regions ? 'of each region' : '+'),
    context: options.context ?? (left + right <= 100_000 ? 'full' : 'none'),
    precision: model.backend.precision,
    filterLength: args.filterLength ?? null,
    frequencySparsity: args.frequencySparsity,
  }
  const files = genomes.map(({ name, byteCount }, i) => ({
    name: nameOfInput(name),
    bytes: byteCount ?? null,
    sha256: inputHashes[i]?.sha256 ?? null,
    sha256Of: inputHashes[i]?.of ?? null,
  }))
  const run = {
    command: origin.command,
    node: process.version,
    chunkBases: plan.chunkBases,
    plan: plan.lines,
    calibration: await calibration(),
  }
  const described = describeRegions(regions)
  const fixed = [
    ['genoconv.version', version()],
    ['genoconv.model', model.info.name],
    ['genoconv.model_sha256', model.info.sha256],
    ['genoconv.device', model.backend.description],
    ['genoconv.parameters', JSON.stringify(parameters)],
    ['genoconv.run', JSON.stringify(run)],
    ['genoconv.regions', JSON.stringify(described && { ...described, files: origin.regionFiles })],
  ] as const
  return (contigs) => {
    const input = { files, contigs: contigs.map(({ name, length }) => ({ name, length })) }
    return new Map([...fixed, ['genoconv.input', JSON.stringify(input)]])
  }
}

/** Files up to this size are read once more for their hash, which takes a hundredth of a short run; in bytes. */
const smallBytes = 8 * 2 ** 20

/**
 * Hashes of inputs: of all bytes where that costs less than a hundredth of the run, i.e. for small files and where whole
 * records are computed; else (a few regions of a genome) of what its index says. Which one depends on the request alone.
 */
export async function hashInputs(
  inputs: readonly string[],
  genomes: readonly Genome[],
  { isWhole, signal }: { readonly isWhole: boolean; readonly signal?: AbortSignal },
): Promise<(InputHash | undefined)[]> {
  const hashes: (InputHash | undefined)[] = []
  for (const [i, genome] of genomes.entries()) {
    const path = localFileOf(inputs[i])
    if (!genome.isRandomAccess || genome.byteCount === undefined) hashes.push(undefined)
    else if (path !== undefined && isContentHashed(genome.byteCount, isWhole))
      hashes.push({ sha256: (await hashFile(path, signal)).sha256, of: 'content' })
    else hashes.push({ sha256: indexHash(genome.byteCount, await genome.contigs(signal)), of: 'index' })
  }
  return hashes
}

export const isContentHashed = (bytes: number, isWhole: boolean): boolean => isWhole || bytes <= smallBytes

/** SHA-256 of a line with the file's size and one with name and length of each contig, tab-separated. */
export function indexHash(bytes: number, contigs: readonly Contig[]): string {
  const hash = createHash('sha256').update(`${bytes}\n`)
  for (const { name, length } of contigs) hash.update(`${name}\t${length}\n`)
  return hash.digest('hex')
}

/** `package`, or the SHA-256 of the constants that `bench --calibrate` measured. */
async function calibration(): Promise<string> {
  const { constants, path } = await planConstants()
  return path === undefined ? 'package' : createHash('sha256').update(JSON.stringify(constants)).digest('hex')
}
