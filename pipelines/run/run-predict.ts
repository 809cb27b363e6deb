import type { Genome, Region } from '../../src/genome.ts'
import { canResume, isOneFile, type OutputFormat } from '../../src/io/output/formats.ts'
import { readDoneOutput } from '../../src/io/output/resume-output.ts'
import { encodeEmbeddings } from '../../src/io/output/write-embeddings.ts'
import { trackFileName, writeBigWigs } from '../../src/io/output/write-bigwig.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { OutputLayout } from '../../src/io/output/output-layout.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import type { ModelOptions } from '../../src/model/create-model.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { planEmbed, rowsOf } from '../embed/options.ts'
import { embed } from '../embed.ts'
import { defaultModelName } from '../models/load-checkpoint.ts'
import { loadModel } from '../models/load-model.ts'
import { describeApproximation, judgeApproximation } from '../predict/approximation.ts'
import { checkedTracks, type PredictOptions, type PredictPlan } from '../predict/options.ts'
import { planPredict } from '../predict/plan.ts'
import type { DeviceRecovery } from '../predict/recovering.ts'
import { columnsOf } from '../predict/stretch.ts'
import { predict } from '../predict.ts'
import { deviceRecovery } from './device-recovery.ts'
import { filesRead } from './files-read.ts'
import { knownContigs, openGenomes, readRegions, regionName } from './inputs.ts'
import type { Log } from './log.ts'
import { addReserve, freeMemory, modelBytes, reserveBytes } from './memory.ts'
import { hashInputs, runMetadata } from './metadata.ts'
import { runOrigin } from './origin.ts'
import { orderHint } from './order-hint.ts'
import { checkOverlaps, chooseOutput, embeddingFormat, type OutputChoice } from './output-file.ts'
import type { EmbeddingRequest, PredictRequest } from './request.ts'
import { type BegunOutput, type Journal, openRunOutput, type RunOutput } from './resume.ts'
import { describeRegions } from './resume-record.ts'
import { Tally } from './tally.ts'
import { openTrackOutputs } from './track-outputs.ts'

export interface RunSettings {
  readonly log: Log
  readonly signal: AbortSignal
  /** For a dry run: told of the plan, and nothing is computed or written. */
  readonly onPlanned?: (run: PlannedRun) => Promise<void>
}

/** A run before its first base. */
export interface PlannedRun {
  readonly model: Model
  readonly genomes: readonly Genome[]
  readonly options: PredictOptions
  readonly plan: PredictPlan
  readonly output: OutputChoice
  readonly embedding?: EmbeddingRequest
  /** What the program takes beside the model. */
  readonly reserve: number
}

/** A run after its last base. */
export interface RunOutcome {
  readonly tally: Pick<Tally, 'bases' | 'sites'>
  /** Of performance.now(), when the run began. */
  readonly startTime: number
  readonly device: string
  /** `-` is standard output. */
  readonly output: string
  readonly format: OutputFormat
  /** Rows that an interrupted run had written before; undefined where there was none. */
  readonly basesBefore?: number
  /** Whether an earlier run had written all of it. */
  readonly wasComplete?: boolean
}

/** One run of `predict`, or of `embed`: opens what it reads and writes, then computes. Undefined after a dry run. */
export async function runPredict(request: PredictRequest, settings: RunSettings): Promise<RunOutcome | undefined> {
  const { log, signal, onPlanned } = settings
  const isDry = onPlanned !== undefined
  const genomes = await openGenomes(request.inputs, {
    onWarning: log.warn,
    signal,
    maxHeldBytes: (request.memory ?? freeMemory() / 2) / 4,
  })
  let out: RunOutput | undefined
  const backends: Backend[] = []
  try {
    const regions = await readRegions(request, genomes, signal)
    const output = chooseOutput({
      output: request.output,
      format: request.format,
      firstInput: request.inputs[0],
      modelName: request.models[0] ?? defaultModelName() ?? 'model',
      what: request.embedding && 'embeddings',
      isTerminal: process.stdout.isTTY && !isDry,
    })
    if (request.embedding) embeddingFormat(output.format)
    checkOverlaps(output.format, regions)
    const { path, format } = output
    const outputSettings = {
      request,
      journal: predictJournal(output.format),
      filesRead: await filesRead(request),
      log,
      signal,
      isDry,
    }
    out =
      path === undefined || isOneFile(format)
        ? await openRunOutput({ ...outputSettings, path })
        : await openTrackOutputs({ ...outputSettings, path })
    return await compute({ request, settings, genomes, regions, output, out, backends })
  } catch (error) {
    const shown = out ? addReserve(error, out.memory, out.threads) : error
    await out?.abort(shown)
    throw shown
  } finally {
    // Whatever happened; an error of a device that has failed already is not worth another.
    await Promise.all(backends.map((backend) => backend.destroy().catch(() => {})))
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

/** How far an interrupted output of predictions goes. */
export function predictJournal(format: OutputFormat): Journal {
  const read = canResume(format) ? (path: string) => readDoneOutput(path, format) : undefined
  return { name: format, read, resumable: 'arrow, arrows or tsv' }
}

interface Run {
  readonly request: PredictRequest
  readonly settings: RunSettings
  readonly genomes: readonly Genome[]
  readonly regions: readonly Region[] | undefined
  readonly output: OutputChoice
  readonly out: RunOutput
  /** Those that were opened, for the caller to release. */
  readonly backends: Backend[]
}

/** Device, model and plan; then reading, computing and writing at once, and what is to be said of it. */
async function compute(run: Run): Promise<RunOutcome | undefined> {
  const { request, settings, genomes, regions, output, out, backends } = run
  const { log, signal, onPlanned } = settings
  const startTime = performance.now()
  const { filterLength, frequencySparsity, strand, context, chunk, embedding } = request
  const { memory, threads, temporaryFolder } = out
  const modelMemory = modelBytes(memory, threads)
  const { backend, reason } = await chooseDevice(request.device, {
    threads,
    precision: request.precision,
    onWarning: log.warn,
  })
  backends.push(backend)
  const load = async (on: Backend, cut: Pick<ModelOptions, 'filterLength' | 'frequencySparsity'>): Promise<Model> => {
    const whole = await loadModel(request.models, { backend: on, ...cut, signal, onWarning: log.warn })
    if (!embedding) return whole
    const states = whole.atLayer(embedding.layer)
    whole.close()
    const { memberCount } = whole.info
    if (memberCount > 1)
      log.info(`embeddings are those of the first of the ${memberCount} members of ${whole.info.name}`)
    return states
  }
  let model = await load(backend, request)
  const tracks = checkedTracks(model, request.tracks)
  const options: PredictOptions = {
    regions,
    strand,
    context,
    tracks,
    chunk,
    memory: modelMemory,
    temporaryFolder,
    signal,
    onProgress: log.progress,
  }
  const plan = await (embedding ? planEmbed : planPredict)(model, genomes, options)
  if (onPlanned) {
    await onPlanned({ model, genomes, options, plan, output, embedding, reserve: reserveBytes(threads) })
    return undefined
  }

  log.info(`${model.info.name} (${model.info.architecture}) on ${backend.description} (${reason})`)
  if (filterLength !== undefined || frequencySparsity > 0) {
    const exact = await load(backend, {})
    const report = await judgeApproximation(exact, model, genomes, options)
    exact.close()
    log.info(report ? describeApproximation(report) : 'what the approximation changes cannot be said of a stream')
  }
  const onCpu = async (): Promise<Model> => {
    // Said only where the run was f16 until now.
    const moved = await chooseDevice('cpu', {
      threads,
      precision: backend.precision,
      onWarning: log.warn,
    })
    backends.push(moved.backend)
    model = await load(moved.backend, request)
    return model
  }
  const hint = regions && orderHint(regions, plan.context)
  if (hint) log.info(hint)
  const recover = deviceRecovery({
    isAuto: request.device === 'auto',
    defaultChunk: plan.longest.chunkBases,
    onCpu,
    onWarning: log.warn,
  })
  const onDeviceError: DeviceRecovery = async (error, failed) => {
    const next = await recover(error, failed)
    if (next) await out.moved(`${next.model.backend.description}, chunks of ${next.chunk} bases`)
    return next
  }
  const columns = columnsOf(tracks, strand)
  const tally = new Tally(columns)
  const contigs = await knownContigs(genomes, signal)
  const description = {
    regions: describeRegions(regions),
    model: { name: model.info.name, sha256: model.info.sha256 },
    device: backend.description,
    options: describeOptions(request, { tracks, format: output.format, plannedChunk: plan.longest.chunkBases }),
    origin: await runOrigin({ ...request, threads }, signal),
    memory,
    threads,
  }
  const begun = await out.begin(description, columns)
  const outcome = {
    tally,
    startTime,
    device: backend.description,
    output: outputNames(output, columns),
    format: output.format,
  }
  if (begun === 'complete') {
    return { ...outcome, wasComplete: true }
  }
  const { done, origin } = begun
  const inputHashes = await hashInputs(request.inputs, genomes, { isWhole: !regions, signal })
  const metadata = await runMetadata({
    model,
    genomes,
    options,
    args: request,
    origin,
    plan: plan.longest,
    inputHashes,
    regions,
  })
  await write({
    ...run,
    model,
    begun,
    tally,
    options: { ...options, plan, onDeviceError, doneRows: done?.rows, onSkipped: (region) => tally.skip(region) },
    layout: {
      tracks: columns,
      contigs: contigs?.map(({ name }) => name),
      contigLengths: () => new Map((contigs ?? tally.contigs).map(({ name, length }) => [name, length])),
      temporaryFolder,
      metadata: () => metadata(contigs ?? tally.contigs),
    },
  })
  return { ...outcome, device: model.backend.description, basesBefore: done?.rows }
}

interface WrittenRun extends Run {
  readonly model: Model
  readonly begun: BegunOutput
  readonly tally: Tally
  readonly options: PredictOptions & { readonly plan: PredictPlan }
  readonly layout: Omit<OutputLayout, 'regions'>
}

/** Computes and writes at once. */
async function write({ request, genomes, regions, output, model, begun, tally, options, layout }: WrittenRun) {
  const { embedding } = request
  const names = regions?.map(regionName)
  const done = begun.done && { ...begun.done, contigs: () => [...tally.skippedContigs] }
  if (!embedding) {
    const columns = { ...layout, regions: request.bedFiles.length > 0 ? names : undefined }
    const batches = tally.watch(predict(model, genomes, options))
    await (isOneFile(output.format)
      ? writePredictions(batches, output.format, begun.sinks[0], columns, done)
      : writeBigWigs(batches, begun.sinks, columns))
    return
  }
  const batches = tally.watch(embed(model, genomes, { ...options, ...embedding }))
  const written = { format: embeddingFormat(output.format), rowsOf: rowsOf(embedding) }
  const columns = { ...layout, channelCount: model.info.tracks.length, regions: names }
  await encodeEmbeddings(batches, written, begun.sinks[0], columns, done)
}

const outputNames = ({ path, format }: OutputChoice, tracks: readonly string[]): string =>
  path === undefined || isOneFile(format) ? (path ?? '-') : tracks.map((name) => trackFileName(path, name)).join(', ')

/** Options that decide the output's bytes, as text, by their names. */
function describeOptions(
  request: PredictRequest,
  { tracks, format, plannedChunk }: { tracks: readonly string[]; format: string; plannedChunk: number },
): Record<string, string> {
  const { filterLength, frequencySparsity, strand, context, chunk, bedFiles, embedding } = request
  const shown = {
    ...(embedding ?? { tracks: tracks.join(',') }),
    strand,
    context,
    filterLength,
    frequencySparsity,
    precision: request.precision,
    chunk,
    format,
  }
  return {
    ...Object.fromEntries(Object.entries(shown).map(([name, value]) => [`\`${name}\``, `${value ?? 'not given'}`])),
    'the region column (`regions`)': bedFiles.length > 0 ? 'written' : 'not written',
    'the planned chunk': `${plannedChunk} bases`,
  }
}
