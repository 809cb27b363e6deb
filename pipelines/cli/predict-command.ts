import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import type { CommandModule } from 'yargs'
import { FormatError, LimitError } from '../../src/errors.ts'
import type { Contig, Genome, Region } from '../../src/genome.ts'
import { standardOutput } from '../../src/io/bytes/atomic-output.ts'
import { readBed } from '../../src/io/fasta/bed.ts'
import { openGenome, type OpenGenomeOptions } from '../../src/io/fasta/open-genome.ts'
import { contigMap, parseRegion } from '../../src/io/fasta/region-text.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { deviceRecovery } from '../run/device-recovery.ts'
import { describeDryRun } from './dry-run.ts'
import { type Environment, freeMemory } from './environment.ts'
import { loadModel } from '../models/load-model.ts'
import { defaultModelName } from '../models/load-checkpoint.ts'
import { createLog, type Log } from './log.ts'
import { describeApproximation, judgeApproximation } from '../predict/approximation.ts'
import { contextBases } from '../predict/jobs.ts'
import { orderHint } from '../run/order-hint.ts'
import { checkOverlaps, chooseOutput, type OutputChoice } from '../run/output-file.ts'
import { planPredict } from '../predict/plan.ts'
import { checkedTracks, predict, type PredictOptions } from '../predict.ts'
import { type PredictArguments, parsePredictArguments, predictBuilder } from './predict-arguments.ts'
import { openRunOutput, type RunOutput } from '../run/resume.ts'
import { describeRegions } from '../run/resume-record.ts'
import { runMetadata } from '../run/metadata.ts'
import type { DeviceRecovery } from '../predict/recovering.ts'
import { Seen } from '../run/tally.ts'
import { logSummary } from './summary.ts'

/** Node itself (180 MiB with two threads), the reader, the writer and the batches between stages; the rest of `--memory` is the model's. */
export const reserveBytes = 232 * 2 ** 20

export const predictCommand = ({ signal }: Environment): CommandModule => ({
  command: 'predict <fasta..>',
  describe: 'Per-base predictions, for every record or for regions',
  builder: predictBuilder,
  handler: async (argv) => {
    const args = parsePredictArguments(argv)
    await runPredict(args, createLog(args), signal)
  },
})

/** The program: open what it reads and writes, then compute. */
export async function runPredict(args: PredictArguments, log: Log, signal: AbortSignal): Promise<void> {
  const genomes = await openGenomes(args.inputs, {
    onWarning: log.warn,
    signal,
    maxHeldBytes: (args.memory ?? freeMemory() / 2) / 4,
  })
  let out: RunOutput | undefined
  try {
    const regions = await readRegions(args, genomes, signal)
    const output = chooseOutput({
      output: args.output,
      format: args.format,
      firstInput: args.inputs[0],
      modelName: args.models[0] ?? defaultModelName() ?? 'model',
      isTerminal: process.stdout.isTTY && !args.dryRun,
    })
    checkOverlaps(output.format, regions)
    out = await openRunOutput({ args, output, log, signal })
    await compute({ args, log, signal, genomes, regions, output, out })
  } catch (error) {
    const shown = out ? addReserve(error, out.memory) : error
    await out?.abort(shown)
    throw shown
  } finally {
    await Promise.all(genomes.map((genome) => genome.close()))
  }
}

interface Run {
  readonly args: PredictArguments
  readonly log: Log
  readonly signal: AbortSignal
  readonly genomes: readonly Genome[]
  readonly regions: readonly Region[] | undefined
  readonly output: OutputChoice
  readonly out: RunOutput
}

/** Device, model and plan; then reading, computing and writing at once, and what is to be said of it. */
async function compute({ args, log, signal, genomes, regions, output, out }: Run): Promise<void> {
  const startTime = performance.now()
  const { filterLength, frequencySparsity, strand, context, chunk } = args
  const { memory, threads } = out
  const modelMemory = Math.max(0, memory - reserveBytes)
  const { backend, reason } = await chooseDevice(args.device, {
    threads,
    memoryBytes: modelMemory,
    precision: args.precision,
    onWarning: log.warn,
  })
  const load = (on: Backend): Promise<Model> =>
    loadModel(args.models, { backend: on, filterLength, frequencySparsity, signal, onWarning: log.warn })
  let model = await load(backend)
  const tracks = checkedTracks(model, args.tracks)
  const temporaryFolder = output.path === undefined ? tmpdir() : dirname(output.path)
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
  const plan = await planPredict(model, genomes, options)
  if (args.dryRun) {
    const text = await describeDryRun({ model, genomes, options, plan, output, reserveBytes }, args.json)
    await standardOutput().write([new TextEncoder().encode(text)])
    return close(model)
  }

  log.info(`${model.info.name} (${model.info.architecture}) on ${backend.description} (${reason})`)
  if (filterLength !== undefined || frequencySparsity > 0) {
    const exact = await loadModel(args.models, { backend, signal })
    const report = await judgeApproximation(exact, model, genomes, options)
    exact.close()
    log.info(report ? describeApproximation(report) : 'what the approximation changes cannot be said of a stream')
  }
  const onCpu = async (): Promise<Model> => {
    // Said only where the run was f16 until now.
    const moved = await chooseDevice('cpu', {
      threads,
      memoryBytes: modelMemory,
      precision: backend.precision,
      onWarning: log.warn,
    })
    model = await load(moved.backend)
    return model
  }
  const hint = regions && orderHint(regions, contextBases(model, context))
  if (hint) log.info(hint)
  const recover = deviceRecovery({
    isAuto: args.device === 'auto',
    defaultChunk: plan.longest.chunkBases,
    onCpu,
    onWarning: log.warn,
  })
  const onDeviceError: DeviceRecovery = async (error, failed) => {
    const next = await recover(error, failed)
    if (next) await out.moved(`${next.model.backend.description}, chunks of ${next.chunk} bases`)
    return next
  }
  const columns =
    strand === 'both' ? ['_plus', '_minus'].flatMap((suffix) => tracks.map((track) => track + suffix)) : tracks
  const seen = new Seen(columns)
  const contigs = await knownContigs(genomes, signal)
  const begun = await out.begin({
    regions: describeRegions(regions),
    model: { name: model.info.name, sha256: model.info.sha256 },
    device: backend.description,
    options: describeOptions(args, { tracks, format: output.format, plannedChunk: plan.longest.chunkBases }),
    memory,
    threads,
  })
  const outcome = { seen, startTime, device: backend.description, output: output.path ?? '-' }
  if (begun === 'complete') {
    await close(model)
    return logSummary(log, { ...outcome, text: `${output.path} is complete already` })
  }
  const { sink, done } = begun
  const batches = predict(model, genomes, {
    ...options,
    onDeviceError,
    doneRows: done?.rows,
    onSkipped: (region) => seen.skip(region),
  })
  const layout = {
    tracks: columns,
    contigs: contigs?.map(({ name }) => name),
    regions: args.bedFiles.length > 0 ? regions?.map(regionName) : undefined,
    temporaryFolder,
    metadata: () => runMetadata({ model, genomes, contigs: contigs ?? seen.contigs, options, args }),
  }
  await writePredictions(
    seen.watch(batches),
    output.format,
    sink,
    layout,
    done && { ...done, contigs: () => [...seen.skippedContigs] },
  )
  await close(model)
  logSummary(log, { ...outcome, device: model.backend.description, basesBefore: done?.rows })
}

/** Options that decide the output's bytes, as text, by their names. */
function describeOptions(
  args: PredictArguments,
  { tracks, format, plannedChunk }: { tracks: readonly string[]; format: string; plannedChunk: number },
): Record<string, string> {
  const { filterLength, frequencySparsity, strand, context, chunk, bedFiles } = args
  const shown = {
    tracks: tracks.join(','),
    strand,
    context,
    'filter-length': filterLength,
    'frequency-sparsity': frequencySparsity,
    precision: args.precision,
    chunk,
    format,
  }
  return {
    ...Object.fromEntries(Object.entries(shown).map(([name, value]) => [`--${name}`, `${value ?? 'not given'}`])),
    'the region column (--regions)': bedFiles.length > 0 ? 'written' : 'not written',
    'the planned chunk': `${plannedChunk} bases`,
  }
}

async function close(model: Model): Promise<void> {
  model.close()
  await model.backend.destroy()
}

export async function openGenomes(inputs: readonly string[], options: OpenGenomeOptions): Promise<Genome[]> {
  const genomes: Genome[] = []
  for (const input of inputs) genomes.push(await openGenome(input, options))
  return genomes
}

/** Contigs in input order where all inputs know theirs beforehand. */
export async function knownContigs(genomes: readonly Genome[], signal: AbortSignal): Promise<Contig[] | undefined> {
  if (!genomes.every((genome) => genome.isRandomAccess)) return undefined
  const contigs: Contig[] = []
  for (const genome of genomes) contigs.push(...(await genome.contigs(signal)))
  return contigs
}

/** Regions of --region and --regions, in that order; undefined where neither is given. */
export async function readRegions(
  args: PredictArguments,
  genomes: readonly Genome[],
  signal: AbortSignal,
): Promise<Region[] | undefined> {
  if (args.regionTexts.length + args.bedFiles.length === 0) return undefined
  const contigs = contigMap((await knownContigs(genomes, signal)) ?? needFile(genomes))
  const regions: Region[] = args.regionTexts.map((text) => parseRegion(text, contigs))
  for (const path of args.bedFiles) regions.push(...(await readBed(path, contigs, signal)))
  return regions
}

function needFile(genomes: readonly Genome[]): never {
  const { name } = genomes.find((genome) => !genome.isRandomAccess)!
  throw new FormatError({
    where: name,
    what: 'regions need random access, which a stream has not',
    expected: 'a FASTA file',
    got: 'standard input',
    remedy: 'save it to a file first',
  })
}

/** What the `region` column says. */
export const regionName = ({ name, contig, start, end }: Region): string => name ?? `${contig}:${start}-${end}`

/** The model counts its own memory; the user's number is that of the whole program. */
export function addReserve(error: unknown, memory: number): unknown {
  if (!(error instanceof LimitError) || error.where !== '--memory' || error.neededBytes === undefined) return error
  const neededBytes = error.neededBytes + reserveBytes
  return new LimitError({
    where: '--memory',
    what: 'too little for this model and chunk',
    expected: `at least ${Math.ceil(neededBytes / 2 ** 20)}M`,
    got: `${Math.floor(memory / 2 ** 20)}M`,
    remedy: 'give more --memory, a smaller --chunk, or a shorter --filter-length where the model has long filters',
    neededBytes,
    cause: error,
  })
}
