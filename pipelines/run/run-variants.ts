import type { Contig, Genome, Region } from '../../src/genome.ts'
import { openGenome } from '../../src/io/fasta/open-genome.ts'
import { writeEncoded } from '../../src/io/output/write-encoded.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { defaultModelName } from '../models/load-checkpoint.ts'
import { loadModel } from '../models/load-model.ts'
import type { ScoreOptions, ScoringRecovery } from '../variants/options.ts'
import { scoreVariants } from '../variants.ts'
import { scoringRecovery } from './device-recovery.ts'
import { filesRead } from './files-read.ts'
import { readRegions } from './inputs.ts'
import type { Log } from './log.ts'
import { addReserve, freeMemory, modelBytes } from './memory.ts'
import { openRunOutput, type RunOutput } from './resume.ts'
import { describeRegions } from './resume-record.ts'
import { variantEncoding } from './variants-encoding.ts'
import { scoreParameters, variantsOrigin } from './variants-metadata.ts'
import { chooseVariantOutput, type VariantOutput, variantsJournal } from './variants-output.ts'
import type { VariantsRequest } from './variants-request.ts'
import { readAnnotation, scoreOptions } from './variants-scoring.ts'
import { openVariantSource, type VariantSource } from './variants-source.ts'
import { VariantsTally } from './variants-tally.ts'

export interface VariantsSettings {
  readonly log: Log
  readonly signal: AbortSignal
  /** For a dry run: told of the run, and nothing is computed or written. */
  readonly onPlanned?: (run: PlannedVariants) => Promise<void>
}

/** A run before its first record. */
export interface PlannedVariants {
  readonly model: Model
  readonly genome: Genome
  readonly source: VariantSource
  readonly options: ScoreOptions
  readonly output: VariantOutput
}

/** A run after its last record. */
export interface VariantsOutcome {
  readonly tally: VariantsTally
  /** Of performance.now(), when the run began. */
  readonly startTime: number
  readonly device: string
  /** `-` is standard output. */
  readonly output: string
  /** Of the FASTA file; undefined where nothing was scored. */
  readonly contigs?: readonly Contig[]
  /** Rows that an interrupted run had written before; undefined where there was none. */
  readonly rowsBefore?: number
  /** Whether an earlier run had written all of it. */
  readonly wasComplete?: boolean
}

/** One run of `variants`: opens what it reads and writes, then scores record by record. Undefined after a dry run. */
export async function runVariants(
  request: VariantsRequest,
  settings: VariantsSettings,
): Promise<VariantsOutcome | undefined> {
  const { log, signal, onPlanned } = settings
  const maxHeldBytes = (request.memory ?? freeMemory() / 2) / 4
  const opened: { close(): Promise<void> }[] = []
  const backends: Backend[] = []
  let out: RunOutput | undefined
  try {
    const genome = await openGenome(request.fasta, { onWarning: log.warn, signal, maxHeldBytes })
    opened.push(genome)
    const modelName = request.models[0] ?? defaultModelName() ?? 'model'
    const isTerminal = process.stdout.isTTY && !onPlanned
    const output = chooseVariantOutput(request, modelName, isTerminal)
    const regions = await readRegions(request, [genome], signal)
    const files = [request.vcf, request.genes].filter((file): file is string => file !== undefined && file !== 'none')
    out = await openRunOutput({
      request: { ...request, inputs: [request.fasta, ...files] },
      path: output.path,
      journal: variantsJournal(output.format),
      filesRead: await filesRead({
        inputs: [request.fasta],
        bedFiles: [...files, ...request.bedFiles],
        models: request.models,
      }),
      log,
      signal,
      isDry: onPlanned !== undefined,
    })
    const genes = await readAnnotation(request, signal)
    const source = await openVariantSource(request, { genome, regions, signal, onWarning: log.warn })
    opened.push(source)
    return await score({ request, settings, genome, genes, regions, source, output, out, backends })
  } catch (error) {
    const shown = out ? addReserve(error, out.memory, out.threads) : error
    await out?.abort(shown)
    throw shown
  } finally {
    await Promise.all(backends.map((backend) => backend.destroy().catch(() => {})))
    await Promise.all(opened.map((one) => one.close()))
  }
}

interface Run {
  readonly request: VariantsRequest
  readonly settings: VariantsSettings
  readonly genome: Genome
  readonly genes: Annotation | 'none' | undefined
  readonly regions: readonly Region[] | undefined
  readonly source: VariantSource
  readonly output: VariantOutput
  readonly out: RunOutput
  /** Those that were opened, for the caller to release. */
  readonly backends: Backend[]
}

/** Device and model; then reading, scoring and writing at once. */
async function score(run: Run): Promise<VariantsOutcome | undefined> {
  const { request, settings, genome, genes, regions, source, output, out } = run
  const { log, signal, onPlanned } = settings
  const { memory, threads } = out
  const startTime = performance.now()
  const { backend, reason } = await chooseDevice(request.device, {
    threads,
    precision: request.precision,
    onWarning: log.warn,
  })
  run.backends.push(backend)
  const model = await loadModel(request.models, { backend, signal, onWarning: log.warn })
  const options: ScoreOptions = {
    ...scoreOptions(request, genes),
    memory: modelBytes(memory, threads),
    listName: source.name,
    signal,
    onNote: log.info,
    onProgress: ({ contig, variantsDone }) =>
      log.records({ contig, recordsDone: variantsDone, fraction: source.fractionRead() }),
  }
  if (onPlanned) {
    await onPlanned({ model, genome, source, options, output })
    return undefined
  }
  log.info(`${model.info.name} (${model.info.architecture}) on ${backend.description} (${reason})`)
  const description = {
    regions: describeRegions(regions),
    model: { name: model.info.name, sha256: model.info.sha256 },
    device: backend.description,
    options: describeOptions(request, output),
    origin: await variantsOrigin({ ...request, threads }, signal),
    memory,
    threads,
  }
  const begun = await out.begin(description, [])
  const tally = new VariantsTally()
  const outcome = { tally, startTime, device: backend.description, output: output.path ?? '-' }
  if (begun === 'complete') return { ...outcome, wasComplete: true }
  const { sinks, done, origin } = begun
  const encoding = await variantEncoding({
    request,
    genome,
    header: source.header,
    format: output.format,
    model,
    origin,
    signal,
  })
  let used = model
  const recover = scoringRecovery({
    isAuto: request.device === 'auto',
    onCpu: async () => {
      const moved = await chooseDevice('cpu', { threads, precision: backend.precision, onWarning: log.warn })
      run.backends.push(moved.backend)
      used = await loadModel(request.models, { backend: moved.backend, signal })
      return used
    },
    onWarning: log.warn,
  })
  const onDeviceError: ScoringRecovery = async (error, failed) => {
    const next = await recover(error, failed)
    if (next) await out.moved(next.model.backend.description)
    return next
  }
  const doneRows = done && { count: done.rows, rowsOf: encoding.rowsOf }
  const scored = scoreVariants(model, genome, source.records, { ...options, doneRows, onDeviceError })
  await writeEncoded(encoding.encode(tally.watch(scored), done), encoding.pack(sinks[0]))
  used.close()
  return { ...outcome, rowsBefore: done?.rows, contigs: await genome.contigs(signal) }
}

/** Options that decide the output's bytes, as text, by their names. */
function describeOptions(request: VariantsRequest, { format }: VariantOutput): Record<string, string> {
  const { everySnv, everyIndel, infoId, digits, raw, replace, givesReasons, onBadRecord, precision } = request
  const shown = {
    ...scoreParameters(request),
    everySnv,
    everyIndel,
    infoId,
    digits,
    raw,
    replace,
    givesReasons,
    onBadRecord,
    precision,
    format,
  }
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [`\`${name}\``, `${value}`]))
}
