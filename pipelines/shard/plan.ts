import { availableParallelism } from 'node:os'
import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { hashFile } from '../../src/io/bytes/file-hash.ts'
import { pathKind } from '../../src/io/hub/model-files.ts'
import {
  expectChoice,
  expectNumber,
  expectOptions,
  expectSignal,
  expectText,
  expectTexts,
  expectWhole,
} from '../../src/validate.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { defaultModelName, parseModelSpec } from '../models/load-checkpoint.ts'
import { loadModel } from '../models/load-model.ts'
import { checkedTracks, type PredictOptions } from '../predict/options.ts'
import { planPredict } from '../predict/plan.ts'
import { filesRead } from '../run/files-read.ts'
import { knownContigs, openGenomes, readRegions } from '../run/inputs.ts'
import { runOrigin } from '../run/origin.ts'
import { addReserve, freeMemory, reserveBytes } from '../run/memory.ts'
import type { PredictRequest } from '../run/request.ts'
import { type ModelSource, mostThreads, pathBeside, type PlannedFile, type ShardManifest } from './manifest.ts'
import { writeManifest } from './manifest-file.ts'
import { cutUnits, joinedParts, unitsOf } from './units.ts'

/** More are a mistake, and each is a file. */
const mostShards = 1_000_000

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
  const memory = request.memory ?? 2 ** Math.floor(Math.log2(freeMemory() / 2)) // a round number: the same plan when it is made again
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
      const specs = models.length > 0 ? models : [defaultModelName() ?? '']
      const sources = await Promise.all(specs.map((spec) => sourceOf(spec, output)))
      const asked = { inputs, models, regionTexts, bedFiles, strand, context, tracks: request.tracks, filterLength }
      const used = { frequencySparsity, precision, chunk, memory: request.memory, threads: usedThreads }
      const plan: Omit<ShardManifest, 'format' | 'planSha256' | 'version'> = {
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
        files: await plannedFiles({ inputs, bedFiles }, output, signal),
        contigs: contigs.map(({ name, length }) => ({ name, length })),
        targets: regions ? 'regions' : 'records',
        hasRegionColumn: bedFiles.length > 0,
        shards: cutUnits(units, shards).map((shard) =>
          regions ? shard : { ...shard, regions: joinedParts(shard.regions) },
        ),
      }
      return await writeManifest(output, plan, await filesRead({ inputs, bedFiles, models }))
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
  for (const input of inputs) if (input === '-' || /^https?:/i.test(input)) throw needLocal(input)
  for (const [option, list] of Object.entries({ models, regionTexts, bedFiles, tracks })) expectTexts(option, list)
  if (expectText('output', output) === '-') {
    const what = 'shards lie beside their manifest'
    throw new ConfigError({ option: 'output', what, expected: "a file's name", got: '-' })
  }
  expectWhole('shards', shards, { least: 1, most: mostShards })
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

async function plannedFiles(
  { inputs, bedFiles }: Pick<PredictRequest, 'inputs' | 'bedFiles'>,
  manifestPath: string,
  signal?: AbortSignal,
): Promise<PlannedFile[]> {
  const files: PlannedFile[] = []
  const add = async (path: string, role: PlannedFile['role']): Promise<void> => {
    files.push({ path: pathBeside(manifestPath, path), role, ...(await hashFile(path, signal)) })
  }
  for (const input of inputs) {
    await add(input, 'fasta')
    for (const index of [`${input}.fai`, `${input}.gzi`])
      if ((await pathKind(index)) !== undefined) await add(index, 'index')
  }
  for (const bed of bedFiles) if (bed !== '-') await add(bed, 'regions')
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
