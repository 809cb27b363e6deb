import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FormatError } from '../../src/errors.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { hashingSink } from '../../src/io/bytes/file-hash.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Model } from '../../src/model/model.ts'
import { expectChoice, expectOptions, expectSignal, expectText, expectWhole } from '../../src/validate.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { statesOf } from '../embed/options.ts'
import { loadModel } from '../models/load-model.ts'
import { openGenomes } from '../run/inputs.ts'
import { version } from '../run/version.ts'
import { checkInputs, checkShard, inputFiles, type ShardSidecar } from './files.ts'
import { checkContigs } from './fit.ts'
import {
  type AnyManifest,
  checkId,
  modelSpec,
  mostThreads,
  resolveBeside,
  shardName,
  shardPath,
  sidecarPath,
} from './manifest.ts'
import { readManifest } from './manifest-file.ts'
import { ownPath, publish, removeLeftovers } from './own-files.ts'
import { runSequences } from './run-sequences.ts'
import { runVariantsShard } from './run-variants.ts'
import type { ShardRun, ShardRunOptions } from './shard-run.ts'
import type { SavedCounts } from './variant-counts.ts'

export interface ShardResult {
  readonly manifest: AnyManifest
  readonly path: string
  readonly sidecar: ShardSidecar
  /** A matching file was there, and nothing was done. */
  readonly wasThere: boolean
}

/**
 * Computes shard `id` (from 0) of a manifest into `shards/<id>.arrow` (of variants also `.vcf`) beside it, with a sidecar
 * `shards/<id>.json`; does nothing if a matching shard is there. Both appear complete or not at all. Runs of one shard at the same time write files
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
  checkId(manifest, id)
  const paths = { shard: shardPath(manifestPath, manifest, id), sidecar: sidecarPath(manifestPath, id) }
  const there = async (): Promise<ShardResult | { readonly problem: string }> => {
    const found = await checkShard(manifestPath, manifest, id, signal)
    return 'sidecar' in found ? { manifest, path: paths.shard, sidecar: found.sidecar, wasThere: true } : found
  }
  await checkInputs(manifestPath, manifest, signal)
  const before = await there()
  if ('path' in before) return before
  if (before.problem !== 'missing') onWarning?.(`${shardName(manifest, id)} is ${before.problem}: computing it again`)
  const folder = dirname(paths.shard)
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new FormatError({ where: folder, what: `the folder cannot be made (${cause.code})`, cause })
  })
  const inputs = await inputFiles(manifestPath, manifest)
  for (const output of [paths.shard, paths.sidecar]) await protectInputs(output, inputs)
  await removeLeftovers(paths.shard)

  const own = ownPath(paths.shard)
  const sink = hashingSink(await openAtomicOutput(own))
  let computed: Computed
  try {
    computed = await compute({ manifestPath, manifest, id, path: paths.shard, options, sink })
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
  const { planSha256, shards } = manifest
  const { rows } = shards[id]
  const sidecar = { planSha256, shard: id, rows, ...sink.hash(), version: version(), ...computed, seconds }
  await publish(own, sidecar, paths)
  return { manifest, path: paths.shard, sidecar, wasThere: false }
}

function checkOptions(manifestPath: string, options: ShardRunOptions): void {
  const { device, threads, memory, signal } = expectOptions('runShard', options)
  expectText('manifest', manifestPath)
  expectChoice('device', device, ['auto', 'gpu', 'cpu'])
  expectWhole('threads', threads, { least: 1, most: mostThreads })
  expectWhole('memory', memory, { least: 1 })
  expectSignal(signal)
}

/** What a sidecar says of the run itself. */
interface Computed {
  readonly device: string
  readonly counts?: SavedCounts
}

/** Computes the rows into `sink`. */
async function compute(run: ShardRun): Promise<Computed> {
  const { manifestPath, manifest, id, options } = run
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
      const { description } = backend
      options.onInfo?.(`shard ${id} of ${manifest.shards.length}: ${model.info.name} on ${description} (${reason})`)
      const counts =
        manifest.work === 'variants'
          ? await runVariantsShard({ ...run, manifest }, model, genomes[0])
          : await runSequences({ ...run, manifest }, model, genomes)
      model.close()
      return { device: description, ...(counts ? { counts } : {}) }
    } finally {
      await backend.destroy()
    }
  } finally {
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

/** The model of the manifest, or the states of it that are read. @throws FormatError where it is another one now */
async function plannedModel({ manifestPath, manifest, options }: ShardRun, backend: Backend): Promise<Model> {
  const { signal, onWarning } = options
  const cut = manifest.work === 'variants' ? undefined : manifest.options
  const { sources, name, sha256 } = manifest.model
  const specs = sources.map((source) => modelSpec(manifestPath, source))
  const loaded = await loadModel(specs, {
    backend,
    filterLength: cut?.filterLength,
    frequencySparsity: cut?.frequencySparsity,
    signal,
    onWarning,
  })
  if (loaded.info.sha256 === sha256) {
    const model = manifest.work === 'embed' ? statesOf(loaded, manifest.options.embedding.layer) : loaded
    if (model !== loaded) loaded.close()
    return { ...model, info: { ...model.info, name } }
  }
  throw new FormatError({
    where: specs.join(', '),
    what: 'the model was changed after the shards were planned',
    expected: `SHA-256 ${sha256}`,
    got: loaded.info.sha256,
    remedy: 'bring the old one back, or plan again',
  })
}
