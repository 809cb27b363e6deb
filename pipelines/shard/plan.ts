import { availableParallelism } from 'node:os'
import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Contig, Genome, Region } from '../../src/genome.ts'
import { hashFile } from '../../src/io/bytes/file-hash.ts'
import { pathKind } from '../../src/io/hub/model-files.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { addReserve, freeMemory, reserveBytes } from '../run/memory.ts'
import { contextBases, inWindows, jobsOf, packsPerWindowOf } from '../predict/jobs.ts'
import { defaultModelName, parseModelSpec } from '../models/load-checkpoint.ts'
import { loadModel } from '../models/load-model.ts'
import { basesSeen } from '../predict/pack-plan.ts'
import { packBasesFor } from '../predict/region-groups.ts'
import type { PredictRequest } from '../run/request.ts'
import { partBases, type StrandOptions } from '../predict/run-strand.ts'
import { balance } from './balance.ts'
import { type ModelSource, pathBeside, type PlannedFile, type PlannedShard, type ShardManifest } from './manifest.ts'
import { writeManifest } from './manifest-file.ts'
import { targets } from '../predict/targets.ts'
import { knownContigs, openGenomes, readRegions } from '../run/inputs.ts'
import { checkedTracks, type PredictOptions } from '../predict/options.ts'

/** A record is cut into no more parts than this times the shards it could be spread over. */
const partsPerShard = 64

export interface ShardPlanOptions {
  readonly manifestPath: string
  readonly shardCount: number
  readonly signal: AbortSignal
  readonly onWarning: (text: string) => void
}

/** What is never divided: regions that are computed together, or a part of a record. */
interface Unit {
  readonly regions: readonly Region[]
  readonly bases: number
}

/**
 * Cuts what `predict` would do with `args` into shards and writes the manifest. Regions that `predict` looks at
 * together stay together, and records are cut only where its chunks end: so the values are bit for bit those of one run.
 */
export async function planShards(args: PredictRequest, options: ShardPlanOptions): Promise<ShardManifest> {
  const { manifestPath, shardCount, signal, onWarning } = options
  const memory = args.memory ?? 2 ** Math.floor(Math.log2(freeMemory() / 2)) // a round number: the same plan when it is made again
  for (const input of args.inputs) if (input === '-' || /^https?:/i.test(input)) throw needLocal(input)
  const genomes = await openGenomes(args.inputs, { onWarning, signal, maxHeldBytes: memory / 4 })
  const { backend } = await chooseDevice(args.device, {
    threads: args.threads,
    memoryBytes: memory,
    precision: args.precision,
    onWarning,
  })
  const { filterLength, frequencySparsity, precision, strand, context, chunk } = args
  try {
    const contigs = (await knownContigs(genomes, signal)) ?? needRandomAccess(genomes)
    const regions = await readRegions(args, genomes, signal)
    const specs = args.models.length > 0 ? args.models : [defaultModelName() ?? '']
    const model = await loadModel(args.models, { backend, filterLength, frequencySparsity, signal, onWarning })
    const tracks = checkedTracks(model, args.tracks)
    const modelMemory = Math.max(0, memory - reserveBytes)
    const packsPerWindow = regions && packsPerWindowOf(regions, contextBases(model, context))
    const run: PredictOptions = { regions, strand, context, tracks, chunk, packsPerWindow, memory: modelMemory, signal }
    const units = regions ? await regionUnits(model, genomes, run) : recordUnits(model, contigs, run, shardCount)
    model.close()
    return await writeManifest(
      manifestPath,
      {
        model: {
          sources: await Promise.all(specs.map((spec) => sourceOf(spec, manifestPath))),
          name: model.info.name,
          sha256: model.info.sha256,
        },
        options: {
          strand,
          context,
          tracks,
          chunk,
          filterLength,
          frequencySparsity,
          precision,
          packsPerWindow,
          memory,
          threads: args.threads ?? availableParallelism(),
        },
        files: await plannedFiles(args, manifestPath, signal),
        contigs: contigs.map(({ name, length }) => ({ name, length })),
        targets: regions ? 'regions' : 'records',
        hasRegionColumn: args.bedFiles.length > 0,
        shards: cut(units, shardCount).map((shard) => (regions ? shard : { ...shard, regions: joined(shard.regions) })),
      },
      [...args.inputs, ...args.bedFiles],
    )
  } catch (error) {
    throw addReserve(error, memory)
  } finally {
    await backend.destroy()
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

/** What `predict` looks at together, made by the same function. */
async function regionUnits(model: Model, genomes: readonly Genome[], run: PredictOptions): Promise<Unit[]> {
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
function recordUnits(model: Model, contigs: readonly Contig[], run: PredictOptions, shardCount: number): Unit[] {
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

/** Neighbours go to the same shard, so that the merge is one file after the other. */
function cut(units: readonly Unit[], shardCount: number): PlannedShard[] {
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
function joined(parts: readonly Region[]): Region[] {
  const out: Region[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (last && last.contig === part.contig && last.end === part.start) out[out.length - 1] = { ...last, end: part.end }
    else out.push(part)
  }
  return out
}

async function plannedFiles(args: PredictRequest, manifestPath: string, signal: AbortSignal): Promise<PlannedFile[]> {
  const files: PlannedFile[] = []
  const add = async (path: string, role: PlannedFile['role']): Promise<void> => {
    files.push({ path: pathBeside(manifestPath, path), role, ...(await hashFile(path, signal)) })
  }
  for (const input of args.inputs) {
    await add(input, 'fasta')
    for (const index of [`${input}.fai`, `${input}.gzi`])
      if ((await pathKind(index)) !== undefined) await add(index, 'index')
  }
  for (const bed of args.bedFiles) if (bed !== '-') await add(bed, 'regions')
  return files
}

/** Names of models stay; paths are written as those of other files. */
async function sourceOf(spec: string, manifestPath: string): Promise<ModelSource> {
  const { kind } = await parseModelSpec(spec)
  return kind === 'path' ? { path: pathBeside(manifestPath, spec) } : { spec }
}

const needLocal = (input: string): ConfigError =>
  new ConfigError({
    where: input,
    what: 'shards need a file that every node can check',
    got: input === '-' ? 'standard input' : 'a URL',
    remedy: 'save it to a file first',
  })

function needRandomAccess(genomes: readonly Genome[]): never {
  const { name } = genomes.find((genome) => !genome.isRandomAccess)!
  const what = 'shards need random access'
  throw new FormatError({
    where: name,
    what,
    expected: 'a plain or BGZF FASTA file',
    got: 'plain gzip',
    remedy: 'recompress it with bgzip',
  })
}
