import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { FormatError, LimitError } from '../../src/errors.ts'
import type { Contig, Genome } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { hashingSink } from '../../src/io/bytes/file-hash.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { freeMemory, reserveBytes } from '../run/memory.ts'
import { contextBases, jobsOf } from '../predict/jobs.ts'
import { loadModel } from '../models/load-model.ts'
import { predict } from '../predict.ts'
import { runMetadata } from '../run/metadata.ts'
import { partBases } from '../predict/run-strand.ts'
import { checkInputs, checkShard, type ShardSidecar } from './files.ts'
import {
  columnsOf,
  type PlannedShard,
  resolveBeside,
  type ShardManifest,
  shardName,
  shardOf,
  shardPath,
  sidecarPath,
} from './manifest.ts'
import { readManifest } from './manifest-file.ts'
import { strandOptions } from './plan.ts'
import { targets } from '../predict/targets.ts'
import { version } from '../run/version.ts'
import { knownContigs, openGenomes, regionName } from '../run/inputs.ts'
import type { PredictOptions, Progress } from '../predict/options.ts'

export interface ShardRunOptions {
  readonly device: 'auto' | 'gpu' | 'cpu'
  /** Default: the manifest's. With another number all shards must be run with it. */
  readonly threads?: number
  /** Bytes this node can give; chunks follow the manifest's number, whatever this one is. */
  readonly memory?: number
  readonly signal: AbortSignal
  readonly onWarning: (text: string) => void
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
 * Computes shard `id` of a manifest into `shards/<id>.arrow` and its sidecar; does nothing if a matching one is there.
 * Both appear complete or not at all. Runs of one shard at the same time write files of their own, and whichever ends
 * first stands.
 *
 * FormatError where an input, index or model is not what it was when the shards were planned; LimitError where this node
 * has too little memory for the chunks that were planned: smaller ones would round differently.
 */
export async function runShard(manifestPath: string, id: number, options: ShardRunOptions): Promise<ShardResult> {
  const startTime = performance.now()
  const { signal, onWarning } = options
  const manifest = await readManifest(manifestPath)
  const shard = shardOf(manifest, id)
  await checkInputs(manifestPath, manifest, signal)
  const path = shardPath(manifestPath, id)
  const before = await checkShard(manifestPath, manifest, shard, signal)
  if ('sidecar' in before) return { path, sidecar: before.sidecar, wasThere: true }
  if (before.problem !== 'missing') onWarning(`${shardName(id)} is ${before.problem}: computing it again`)
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw new FormatError({ where: dirname(path), what: `the folder cannot be made (${cause.code})`, cause })
  })
  await removeLeftovers(path)

  const ownPath = `${path}.${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const sink = hashingSink(await openAtomicOutput(ownPath))
  let device = ''
  try {
    device = await compute(manifestPath, manifest, shard, options, sink)
  } catch (error) {
    await sink.abort()
    throw error
  }
  const seconds = Math.round(performance.now() - startTime) / 1000
  const sidecar: ShardSidecar = {
    planSha256: manifest.planSha256,
    shard: id,
    rows: shard.rows,
    ...sink.hash(),
    version: version(),
    device,
    seconds,
  }
  const meanwhile = await checkShard(manifestPath, manifest, shard, signal)
  if ('sidecar' in meanwhile) {
    await rm(ownPath, { force: true })
    return { path, sidecar: meanwhile.sidecar, wasThere: true }
  }
  const ownSidecar = `${ownPath}.json`
  await writeFile(ownSidecar, `${JSON.stringify(sidecar, null, 2)}\n`)
  await rename(ownPath, path)
  await rename(ownSidecar, sidecarPath(manifestPath, id))
  return { path, sidecar, wasThere: false }
}

/** Computes the rows into `sink`; gives the device's description. */
async function compute(
  manifestPath: string,
  manifest: ShardManifest,
  shard: PlannedShard,
  { device, threads = manifest.options.threads, memory, signal, onWarning, onInfo, onProgress }: ShardRunOptions,
  sink: Parameters<typeof writePredictions>[2],
): Promise<string> {
  const { strand, context, tracks, chunk, filterLength, frequencySparsity, precision, packsPerWindow } =
    manifest.options
  const modelMemory = Math.max(0, manifest.options.memory - reserveBytes)
  const inputs = manifest.files
    .filter(({ role }) => role === 'fasta')
    .map((file) => resolveBeside(manifestPath, file.path))
  const genomes = await openGenomes(inputs, { onWarning, signal, maxHeldBytes: manifest.options.memory / 4 })
  const { backend, reason } = await chooseDevice(device, { threads, memoryBytes: modelMemory, precision, onWarning })
  try {
    await checkContigs(manifestPath, manifest, genomes, signal)
    const specs = manifest.model.sources.map((source) =>
      // Absolute, so that it stands for nothing but a file: a repo id looks like a relative path.
      'spec' in source ? source.spec : resolve(resolveBeside(manifestPath, source.path)),
    )
    const loaded = await loadModel(specs, { backend, filterLength, frequencySparsity, signal, onWarning })
    const { name, sha256 } = manifest.model
    if (loaded.info.sha256 !== sha256) {
      throw new FormatError({
        where: specs.join(', '),
        what: 'the model was changed after the shards were planned',
        expected: `SHA-256 ${sha256}`,
        got: loaded.info.sha256,
        remedy: 'bring the old one back, or plan again',
      })
    }
    const model: Model = { ...loaded, info: { ...loaded.info, name } }
    const isRecords = manifest.targets === 'records'
    const chosen = isRecords ? { parts: shard.regions } : { regions: shard.regions }
    const temporaryFolder = dirname(shardPath(manifestPath, shard.id))
    const run: PredictOptions = {
      ...chosen,
      strand,
      context,
      tracks,
      chunk,
      packsPerWindow,
      memory: modelMemory,
      temporaryFolder,
      signal,
      onProgress,
    }
    checkBorders(model, manifest, shard, run)
    checkMemory(await neededBytes(model, genomes, run), memory, onWarning)
    onInfo?.(`shard ${shard.id} of ${manifest.shards.length}: ${name} on ${backend.description} (${reason})`)
    const whole = { tracks, strand, context, regions: isRecords ? undefined : shard.regions }
    const metadata = new Map(
      runMetadata({
        model,
        genomes,
        contigs: manifest.contigs,
        options: whole,
        args: { filterLength, frequencySparsity },
      }),
    )
    metadata.set(
      'genoconv.shard',
      JSON.stringify({ shard: shard.id, of: manifest.shards.length, planSha256: manifest.planSha256 }),
    )
    // A device that fails ends the shard: going on in other chunks, or elsewhere, would round differently.
    await writePredictions(predict(model, genomes, run), 'arrow', sink, {
      tracks: columnsOf(manifest),
      contigs: manifest.contigs.map((contig) => contig.name),
      regions: manifest.hasRegionColumn ? shard.regions.map(regionName) : undefined,
      metadata: () => metadata,
    })
    model.close()
    return backend.description
  } finally {
    await backend.destroy()
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

/** The output names the manifest's contigs: these must be those of the FASTA. */
async function checkContigs(
  manifestPath: string,
  { contigs }: ShardManifest,
  genomes: readonly Genome[],
  signal: AbortSignal,
): Promise<void> {
  const found = (await knownContigs(genomes, signal)) ?? []
  const isSame = ({ name, length }: Contig, i: number): boolean => found[i]?.name === name && found[i].length === length
  if (found.length === contigs.length && contigs.every(isSame)) return
  const what = 'its contigs are not those of the FASTA'
  throw new FormatError({ where: manifestPath, what, remedy: 'plan again' })
}

/** Another kind of device may want other chunks; then parts of records do not end where its chunks do. */
function checkBorders(model: Model, manifest: ShardManifest, shard: PlannedShard, run: PredictOptions): void {
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

/** Bytes of the most demanding stretch, as planned. */
async function neededBytes(model: Model, genomes: Parameters<typeof targets>[0], run: PredictOptions): Promise<number> {
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

function checkMemory(modelBytes: number, given: number | undefined, onWarning: (text: string) => void): void {
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

/** What runs on this machine left behind that were killed. Those of other machines may be alive. */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = `${basename(path)}.${hostname()}-`
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue
    const pid = Number.parseInt(name.slice(prefix.length), 10)
    if (!isAlive(pid)) await rm(join(dirname(path), name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}
