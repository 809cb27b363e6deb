import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { hashingSink } from '../../src/io/bytes/file-hash.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Model } from '../../src/model/model.ts'
import { expectChoice, expectOptions, expectSignal, expectText, expectWhole } from '../../src/validate.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { loadModel } from '../models/load-model.ts'
import type { PredictOptions, Progress } from '../predict/options.ts'
import { planPredict, strandOptions } from '../predict/plan.ts'
import { predict } from '../predict.ts'
import { openGenomes, regionName } from '../run/inputs.ts'
import { reserveBytes } from '../run/memory.ts'
import { version } from '../run/version.ts'
import { checkInputs, checkShard, inputFiles, type ShardSidecar } from './files.ts'
import { checkBorders, checkContigs, checkMemory } from './fit.ts'
import {
  columnsOf,
  modelSpec,
  mostThreads,
  type PlannedShard,
  resolveBeside,
  type ShardManifest,
  shardName,
  shardOf,
  shardPath,
  sidecarPath,
} from './manifest.ts'
import { readManifest } from './manifest-file.ts'
import { wholeMetadata } from './whole-metadata.ts'
import { ownPath, publish, removeLeftovers } from './own-files.ts'

export interface ShardRunOptions {
  /** Default: `auto`. */
  readonly device?: 'auto' | 'gpu' | 'cpu'
  /** Default: the manifest's. With another number all shards must be run with it. */
  readonly threads?: number
  /** Bytes that this node can give; chunks follow the manifest's number, whatever this one is. */
  readonly memory?: number
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  readonly onInfo?: (text: string) => void
  readonly onProgress?: (progress: Progress) => void
}

export interface ShardResult {
  readonly path: string
  readonly sidecar: ShardSidecar
  /** A matching file was there, and nothing was done. */
  readonly wasThere: boolean
}

/**
 * Computes shard `id` (from 0) of a manifest into `shards/<id>.arrow` beside it, with a sidecar `shards/<id>.json`; does
 * nothing if a matching shard is there. Both appear complete or not at all. Runs of one shard at the same time write files
 * of their own, and whichever ends first stands.
 *
 * @throws FormatError where the manifest, an input, an index or the model is not what it was when the shards were planned;
 *   ConfigError for a number that no shard has, or where an input lies where the shard should; LimitError where this node
 *   has too little memory for the planned chunks (smaller ones would round differently), or the disk is full
 */
export async function runShard(manifestPath: string, id: number, options: ShardRunOptions = {}): Promise<ShardResult> {
  const startTime = performance.now()
  checkOptions(manifestPath, options)
  const { signal, onWarning } = options
  const manifest = await readManifest(manifestPath)
  const shard = shardOf(manifest, id)
  const paths = { shard: shardPath(manifestPath, id), sidecar: sidecarPath(manifestPath, id) }
  const there = async (): Promise<ShardResult | { readonly problem: string }> => {
    const found = await checkShard(manifestPath, manifest, shard, signal)
    return 'sidecar' in found ? { path: paths.shard, sidecar: found.sidecar, wasThere: true } : found
  }
  await checkInputs(manifestPath, manifest, signal)
  const before = await there()
  if ('path' in before) return before
  if (before.problem !== 'missing') onWarning?.(`${shardName(id)} is ${before.problem}: computing it again`)
  const folder = dirname(paths.shard)
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new FormatError({ where: folder, what: `the folder cannot be made (${cause.code})`, cause })
  })
  const inputs = await inputFiles(manifestPath, manifest)
  for (const output of [paths.shard, paths.sidecar]) await protectInputs(output, inputs)
  await removeLeftovers(paths.shard)

  const own = ownPath(paths.shard)
  const sink = hashingSink(await openAtomicOutput(own))
  let device = ''
  try {
    device = await compute({ manifestPath, manifest, shard, options, sink })
  } catch (error) {
    await sink.abort()
    throw error
  }
  const meanwhile = await there()
  if ('path' in meanwhile) {
    await rm(own, { force: true })
    return meanwhile
  }
  const seconds = Math.round(performance.now() - startTime) / 1000
  const { planSha256 } = manifest
  const sidecar = { planSha256, shard: id, rows: shard.rows, ...sink.hash(), version: version(), device, seconds }
  await publish(own, sidecar, paths)
  return { path: paths.shard, sidecar, wasThere: false }
}

function checkOptions(manifestPath: string, options: ShardRunOptions): void {
  const { device, threads, memory, signal } = expectOptions('runShard', options)
  expectText('manifest', manifestPath)
  expectChoice('device', device, ['auto', 'gpu', 'cpu'])
  expectWhole('threads', threads, { least: 1, most: mostThreads })
  expectWhole('memory', memory, { least: 1 })
  expectSignal(signal)
}

interface ShardRun {
  readonly manifestPath: string
  readonly manifest: ShardManifest
  readonly shard: PlannedShard
  readonly options: ShardRunOptions
  readonly sink: ByteSink
}

/** Computes the rows into `sink`; gives the device's description. */
async function compute(run: ShardRun): Promise<string> {
  const { manifestPath, manifest, options } = run
  const { device = 'auto', threads = manifest.options.threads, signal, onWarning = () => {} } = options
  const { memory, precision } = manifest.options
  const inputs = manifest.files
    .filter(({ role }) => role === 'fasta')
    .map((file) => resolveBeside(manifestPath, file.path))
  const genomes = await openGenomes(inputs, { onWarning, signal, maxHeldBytes: memory / 4 })
  try {
    await checkContigs(manifestPath, manifest, genomes, signal)
    const { backend, reason } = await chooseDevice(device, { threads, precision, onWarning })
    try {
      const model = await plannedModel(run, backend)
      await computeOn(run, model, genomes, reason)
      model.close()
      return backend.description
    } finally {
      await backend.destroy()
    }
  } finally {
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

const modelMemory = ({ options: { memory, threads } }: ShardManifest): number =>
  Math.max(0, memory - reserveBytes(threads))

/** The model of the manifest. @throws FormatError where it is another one now */
async function plannedModel({ manifestPath, manifest, options }: ShardRun, backend: Backend): Promise<Model> {
  const { signal, onWarning } = options
  const { filterLength, frequencySparsity } = manifest.options
  const { sources, name, sha256 } = manifest.model
  const specs = sources.map((source) => modelSpec(manifestPath, source))
  const loaded = await loadModel(specs, { backend, filterLength, frequencySparsity, signal, onWarning })
  if (loaded.info.sha256 === sha256) return { ...loaded, info: { ...loaded.info, name } }
  throw new FormatError({
    where: specs.join(', '),
    what: 'the model was changed after the shards were planned',
    expected: `SHA-256 ${sha256}`,
    got: loaded.info.sha256,
    remedy: 'bring the old one back, or plan again',
  })
}

async function computeOn(run: ShardRun, model: Model, genomes: readonly Genome[], reason: string): Promise<void> {
  const { manifestPath, manifest, shard, sink } = run
  const { memory, signal, onWarning = () => {}, onInfo, onProgress } = run.options
  const { strand, context, tracks, chunk, packsPerGroup } = manifest.options
  const isRecords = manifest.targets === 'records'
  const options: PredictOptions = {
    ...(isRecords ? { parts: shard.regions } : { regions: shard.regions }),
    strand,
    context,
    tracks,
    chunk,
    packsPerGroup,
    memory: modelMemory(manifest),
    temporaryFolder: dirname(shardPath(manifestPath, shard.id)),
    signal,
    onProgress,
  }
  const plan = await planPredict(model, genomes, options)
  checkBorders(model, manifest, shard, strandOptions(plan, options))
  checkMemory(plan.neededBytes + reserveBytes(manifest.options.threads), memory, onWarning)
  const { name } = model.info
  onInfo?.(`shard ${shard.id} of ${manifest.shards.length}: ${name} on ${model.backend.description} (${reason})`)
  const metadata = new Map(await wholeMetadata(manifest, model, genomes, { ...options, parts: undefined }))
  const { planSha256 } = manifest
  metadata.set('genoconv.shard', JSON.stringify({ shard: shard.id, of: manifest.shards.length, planSha256 }))
  // A device that fails ends the shard: other chunks, or another device, would round differently.
  await writePredictions(predict(model, genomes, { ...options, plan }), 'arrow', sink, {
    tracks: columnsOf(manifest),
    contigs: manifest.contigs.map((contig) => contig.name),
    regions: manifest.hasRegionColumn ? shard.regions.map(regionName) : undefined,
    metadata: () => metadata,
  })
}
