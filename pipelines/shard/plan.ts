import { availableParallelism } from 'node:os'
import { ConfigError } from '../../src/errors.ts'
import {
  expectChoice,
  expectNumber,
  expectOptions,
  expectSignal,
  expectTexts,
  expectWhole,
} from '../../src/validate.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { loadModel } from '../models/load-model.ts'
import { checkedTracks, type PredictOptions } from '../predict/options.ts'
import { planEmbed, rowsOf, statesOf } from '../embed/options.ts'
import { pools } from '../embed/pool.ts'
import { planPredict } from '../predict/plan.ts'
import { filesRead } from '../run/files-read.ts'
import { knownContigs, openGenomes, readRegions } from '../run/inputs.ts'
import { runOrigin } from '../run/origin.ts'
import { addReserve, modelBytes } from '../run/memory.ts'
import type { EmbeddingRequest, PredictRequest } from '../run/request.ts'
import { type EmbedShardManifest, mostThreads, type SequenceManifest, type ShardManifest } from './manifest.ts'
import { writeManifest } from './manifest-file.ts'
import { checkLocal, checkShape, defaultMemory, modelSources, needRandomAccess, plannedFiles } from './planned.ts'
import { cutUnits, joinedParts, unitsOf } from './units.ts'

/** What is to be cut into shards: the options of `predict` that change the numbers, and how many shards. */
export interface ShardRequest
  extends Partial<Omit<PredictRequest, 'inputs' | 'output' | 'format' | 'resume' | 'embedding'>> {
  /** FASTA files with random access. */
  readonly inputs: readonly string[]
  /** The manifest to write; shards will lie in `shards/` beside it. */
  readonly output: string
  /** How many. */
  readonly shards: number
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
}

/** The same of `embed`. */
export interface EmbedShardRequest extends ShardRequest {
  /** As for `embed`; an empty object has its defaults. */
  readonly embedding: Partial<EmbeddingRequest>
}

/**
 * Cuts what `predict`, or `embed`, would do into shards and writes the manifest. Regions that `predict` looks at together stay together,
 * and records are cut only where its chunks end: so the values are bit for bit those of one run.
 * A record that is pooled is not cut.
 *
 * @throws ConfigError for options that cannot be, or an output that is an input; FormatError, RegionError and ShapeError
 *   for inputs and models that cannot be read; LimitError where `memory` is too little
 */
export async function planShards(request: ShardRequest & Partial<EmbedShardRequest>): Promise<SequenceManifest> {
  checkRequest(request)
  const { inputs, models = [], regionTexts = [], bedFiles = [], output, shards, signal, onWarning = () => {} } = request
  const { filterLength, frequencySparsity = 0, precision = 'f32', strand, context, chunk, threads } = request
  const embedding = request.embedding && { layer: -1, pool: 'mean' as const, ...request.embedding }
  const memory = request.memory ?? defaultMemory()
  const usedThreads = threads ?? availableParallelism()
  const genomes = await openGenomes(inputs, { onWarning, signal, maxHeldBytes: memory / 4 })
  try {
    const contigs = (await knownContigs(genomes, signal)) ?? needRandomAccess(genomes)
    const regions = await readRegions({ regionTexts, bedFiles }, genomes, signal)
    const device = { threads, precision, onWarning }
    const { backend } = await chooseDevice(request.device ?? 'auto', device)
    try {
      const whole = await loadModel(models, { backend, filterLength, frequencySparsity, signal, onWarning })
      const model = embedding ? statesOf(whole, embedding.layer) : whole
      const tracks = checkedTracks(model, request.tracks)
      const modelMemory = modelBytes(memory, usedThreads)
      const run: PredictOptions = {
        regions,
        strand,
        context,
        tracks,
        chunk,
        memory: modelMemory,
        signal,
      }
      const planned = await (embedding ? planEmbed : planPredict)(model, genomes, run)
      const isPooled = embedding !== undefined && rowsOf(embedding) === 'regions'
      const units = await unitsOf(model, genomes, run, planned, isPooled ? undefined : shards)
      const { name, sha256 } = model.info
      for (const opened of new Set([model, whole])) opened.close()
      const sources = await modelSources(models, output)
      const asked = { inputs, models, regionTexts, bedFiles, strand, context, tracks: request.tracks, embedding }
      const used = { frequencySparsity, precision, chunk, memory: request.memory, threads: usedThreads }
      const plan = {
        command: (await runOrigin({ ...asked, ...used }, signal)).command,
        model: { sources, name, sha256 },
        files: await plannedFiles(output, { fasta: inputs, regions: bedFiles }, signal),
        contigs: contigs.map(({ name, length }) => ({ name, length })),
        targets: regions ? ('regions' as const) : ('records' as const),
        shards: cutUnits(units, shards, embedding).map((shard) =>
          regions ? shard : { ...shard, regions: joinedParts(shard.regions) },
        ),
      }
      const options = {
        strand,
        context,
        chunk,
        filterLength,
        frequencySparsity,
        precision,
        packsPerGroup: planned.packsPerGroup,
        memory,
        threads: usedThreads,
      }
      const protectedFiles = await filesRead({ inputs, bedFiles, models })
      if (embedding) {
        const complete = { ...plan, work: 'embed' as const, options: { ...options, embedding } }
        return await writeManifest<EmbedShardManifest>(output, complete, protectedFiles)
      }
      const hasRegionColumn = bedFiles.length > 0
      const complete = { ...plan, work: 'predict' as const, options: { ...options, tracks }, hasRegionColumn }
      return await writeManifest<ShardManifest>(output, complete, protectedFiles)
    } finally {
      await backend.destroy()
    }
  } catch (error) {
    throw addReserve(error, memory, usedThreads)
  } finally {
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

/** What is given to the functions that plan is checked by these; what callers get wrong without them is checked here. */
function checkRequest(request: Parameters<typeof planShards>[0]): void {
  const { inputs, models, regionTexts, bedFiles, output, shards, strand, context, tracks, embedding } = expectOptions(
    'planShards',
    (request ?? null) as Parameters<typeof planShards>[0], // `undefined` would pass as no options
  )
  if (expectTexts('inputs', inputs ?? []).length === 0)
    throw new ConfigError({ option: 'inputs', what: 'no FASTA is given', expected: 'at least one file' })
  for (const input of inputs) checkLocal(input)
  for (const [option, list] of Object.entries({ models, regionTexts, bedFiles, tracks })) expectTexts(option, list)
  checkShape({ output, shards })
  if (embedding !== undefined) {
    const { layer, pool } = expectOptions('embedding', embedding)
    expectWhole('layer', layer, { least: -1 })
    expectChoice('pool', pool, pools)
    if (tracks)
      throw new ConfigError({ option: 'tracks', what: 'embeddings have channels, not tracks', remedy: 'leave it out' })
  }
  expectChoice('strand', strand, ['+', '-', 'both'])
  if (typeof context === 'string') expectChoice('context', context, ['full', 'none'])
  else expectWhole('context', context)
  expectChoice('device', request.device, ['auto', 'gpu', 'cpu'])
  expectChoice('precision', request.precision, ['f32', 'f16'])
  for (const option of ['filterLength', 'chunk', 'memory'] as const) expectWhole(option, request[option], { least: 1 })
  expectNumber('frequencySparsity', request.frequencySparsity, { least: 0, most: 1 })
  expectWhole('threads', request.threads, { least: 1, most: mostThreads })
  expectSignal(request.signal)
}
