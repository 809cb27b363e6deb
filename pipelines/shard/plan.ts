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
import { planPredict } from '../predict/plan.ts'
import { filesRead } from '../run/files-read.ts'
import { knownContigs, openGenomes, readRegions } from '../run/inputs.ts'
import { runOrigin } from '../run/origin.ts'
import { addReserve, reserveBytes } from '../run/memory.ts'
import type { PredictRequest } from '../run/request.ts'
import { mostThreads, type ShardManifest } from './manifest.ts'
import { type ShardPlan, writeManifest } from './manifest-file.ts'
import { checkLocal, checkShape, defaultMemory, modelSources, needRandomAccess, plannedFiles } from './planned.ts'
import { cutUnits, joinedParts, unitsOf } from './units.ts'

/** What is to be cut into shards: the options of `predict` that change the numbers, and how many shards. */
export interface ShardRequest extends Partial<Omit<PredictRequest, 'inputs' | 'output' | 'format' | 'resume'>> {
  /** FASTA files with random access. */
  readonly inputs: readonly string[]
  /** The manifest to write; shards will lie in `shards/` beside it. */
  readonly output: string
  /** How many. */
  readonly shards: number
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
}

/**
 * Cuts what `predict` would do into shards and writes the manifest. Regions that `predict` looks at together stay together,
 * and records are cut only where its chunks end: so the values are bit for bit those of one run.
 *
 * @throws ConfigError for options that cannot be, or an output that is an input; FormatError, RegionError and ShapeError
 *   for inputs and models that cannot be read; LimitError where `memory` is too little
 */
export async function planShards(request: ShardRequest): Promise<ShardManifest> {
  checkRequest(request)
  const { inputs, models = [], regionTexts = [], bedFiles = [], output, shards, signal, onWarning = () => {} } = request
  const { filterLength, frequencySparsity = 0, precision = 'f32', strand, context, chunk, threads } = request
  const memory = request.memory ?? defaultMemory()
  const usedThreads = threads ?? availableParallelism()
  const genomes = await openGenomes(inputs, { onWarning, signal, maxHeldBytes: memory / 4 })
  try {
    const contigs = (await knownContigs(genomes, signal)) ?? needRandomAccess(genomes)
    const regions = await readRegions({ regionTexts, bedFiles }, genomes, signal)
    const device = { threads, precision, onWarning }
    const { backend } = await chooseDevice(request.device ?? 'auto', device)
    try {
      const model = await loadModel(models, { backend, filterLength, frequencySparsity, signal, onWarning })
      const tracks = checkedTracks(model, request.tracks)
      const modelMemory = Math.max(0, memory - reserveBytes(usedThreads))
      const run: PredictOptions = {
        regions,
        strand,
        context,
        tracks,
        chunk,
        memory: modelMemory,
        signal,
      }
      const planned = await planPredict(model, genomes, run)
      const units = await unitsOf(model, genomes, run, planned, shards)
      const { name, sha256 } = model.info
      model.close()
      const sources = await modelSources(models, output)
      const asked = { inputs, models, regionTexts, bedFiles, strand, context, tracks: request.tracks, filterLength }
      const used = { frequencySparsity, precision, chunk, memory: request.memory, threads: usedThreads }
      const plan: ShardPlan<ShardManifest> = {
        command: (await runOrigin({ ...asked, ...used }, signal)).command,
        model: { sources, name, sha256 },
        options: {
          strand,
          context,
          tracks,
          chunk,
          filterLength,
          frequencySparsity,
          precision,
          packsPerGroup: planned.packsPerGroup,
          memory,
          threads: usedThreads,
        },
        files: await plannedFiles(output, { fasta: inputs, regions: bedFiles }, signal),
        contigs: contigs.map(({ name, length }) => ({ name, length })),
        work: 'predict',
        targets: regions ? 'regions' : 'records',
        hasRegionColumn: bedFiles.length > 0,
        shards: cutUnits(units, shards).map((shard) =>
          regions ? shard : { ...shard, regions: joinedParts(shard.regions) },
        ),
      }
      return await writeManifest<ShardManifest>(output, plan, await filesRead({ inputs, bedFiles, models }))
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
function checkRequest(request: ShardRequest): void {
  const { inputs, models, regionTexts, bedFiles, output, shards, strand, context, tracks } = expectOptions(
    'planShards',
    (request ?? null) as ShardRequest, // `undefined` would pass as no options
  )
  if (expectTexts('inputs', inputs ?? []).length === 0)
    throw new ConfigError({ option: 'inputs', what: 'no FASTA is given', expected: 'at least one file' })
  for (const input of inputs) checkLocal(input)
  for (const [option, list] of Object.entries({ models, regionTexts, bedFiles, tracks })) expectTexts(option, list)
  checkShape({ output, shards })
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
