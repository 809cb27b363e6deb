import type { Genome, PredictionBatch } from '../src/genome.ts'
import { upperBases } from '../src/io/fasta/alphabet.ts'
import type { Model } from '../src/model/model.ts'
import { behind, DoneRows } from './predict/done-rows.ts'
import { contextBases, inWindows, isFull, type Job, jobsOf, packsPerWindowOf } from './predict/jobs.ts'
import { packBasesFor, type QueuedPack, queuePack, RegionWindow } from './predict/region-groups.ts'
import { type Place, runRecovering } from './predict/recovering.ts'
import { runBoth, runForward, runReverse, type StrandOptions, type StrandValues } from './predict/run-strand.ts'
import { checkedTracks, checkRequest, type PredictOptions, type Progress } from './predict/options.ts'
import { targets } from './predict/targets.ts'

const defaultMemoryBytes = 2 ** 32

/**
 * Per-base predictions for every record of `genomes`, or for `regions`, in order; each base of each region exactly once.
 * Memory is bounded by the chunk, not by the genome.
 *
 * RegionError for a region the genome does not have; ConfigError for options that cannot be; LimitError where the
 * smallest chunk does not fit `memory`. An abort passes through as it is.
 */
export async function* predict(
  model: Model,
  genomes: Genome | readonly Genome[],
  options: PredictOptions = {},
): AsyncGenerator<PredictionBatch> {
  const inputs = checkRequest(model, genomes, options)
  const { signal } = options
  const memoryBytes = options.memory ?? model.backend.limits.maxTotalBytes ?? defaultMemoryBytes
  const context = contextBases(model, options.parts ? 'full' : options.context)
  let basesDone = 0
  let regionsDone = 0
  let contigName = ''
  const totals = await countAll(inputs, options)
  const doneRows = await DoneRows.open(inputs, options)
  const report = (): void => options.onProgress?.({ contig: contigName, basesDone, regionsDone, ...totals })
  const strand: StrandOptions = {
    tracks: checkedTracks(model, options.tracks),
    memoryBytes,
    spoolBytes: Math.min(2 ** 30, memoryBytes / 8),
    temporaryFolder: options.temporaryFolder ?? '.',
    signal,
    onComputed(bases) {
      basesDone += bases
      report()
    },
  }

  let place: Place = { model, chunk: options.chunk }
  const onMoved = (next: Place): void => {
    place = next
  }
  const alone = async function* (job: Job, doneBases: number): AsyncGenerator<PredictionBatch> {
    const { stretch } = job
    contigName = stretch.contig.name
    const run = { '+': runForward, '-': runReverse, both: runBoth }[stretch.direction]
    for await (const values of runRecovering(
      run,
      place,
      stretch,
      { ...strand, doneBases },
      { onDeviceError: options.onDeviceError, onMoved },
    )) {
      signal?.throwIfAborted()
      const rest = behind(values, stretch.start + doneBases)
      if (rest) yield batchOf(rest, job)
    }
    regionsDone++
    report()
  }
  const finished = async function* ({ jobs, doneBases, window, pack }: Queued): AsyncGenerator<PredictionBatch> {
    await window.accept(await pack)
    for (const { index, values } of window.ready()) {
      const job = jobs[index]
      const done = doneBases[index]
      const bases = job.region.end - job.region.start
      if (!values && done < bases) {
        yield* alone(job, done) // with what recovers from it
        continue
      }
      contigName = job.region.contig
      regionsDone++
      strand.onComputed?.(strandCount(job) * bases)
      const rest = values && done < bases ? behind(values, job.region.start + done) : undefined
      if (rest) yield batchOf(rest, job)
    }
  }

  const packBases = options.regions ? packBasesFor(model, strand) : 0
  const packsPerWindow = options.packsPerWindow ?? packsPerWindowOf(options.regions ?? [], context)
  const packing = { packBases, packsPerWindow, isContextFull: isFull(model, options.context), tracks: strand.tracks }
  let previous: Queued | undefined
  for await (const jobs of inWindows(
    jobsOf(targets(inputs, options, strand), context, options.strand),
    options,
    packing,
  )) {
    signal?.throwIfAborted()
    const { doneBases, isAll } = doneRows.take(jobs)
    if (isAll) {
      regionsDone += jobs.length
      for (const [i, job] of jobs.entries()) basesDone += strandCount(job) * doneBases[i]
      continue
    }
    if (contigName === '') {
      contigName = jobs[0].region.contig
      report() // what an earlier run did is not this one's rate
    }
    if (jobs.length === 1) {
      if (previous) yield* finished(previous)
      previous = undefined
      yield* alone(jobs[0], doneBases[0])
      continue
    }
    const isWanted = (i: number): boolean => doneBases[i] < jobs[i].region.end - jobs[i].region.start
    const window = new RegionWindow(
      jobs.map(({ stretch }) => stretch),
      { ...packing, isWanted },
    )
    for (const pieces of window.packs) {
      signal?.throwIfAborted()
      // The next pack is read and queued before the last one's values are awaited.
      const current: Queued = { jobs, doneBases, window, pack: await queuePack(place.model, pieces, strand) }
      if (previous) yield* finished(previous)
      previous = current
    }
  }
  if (previous) yield* finished(previous)
}

/** A pack of a window of jobs, on its way. */
interface Queued {
  readonly jobs: readonly Job[]
  /** Of each job: bases at its front that are not wanted. */
  readonly doneBases: readonly number[]
  readonly window: RegionWindow
  readonly pack: QueuedPack
}

const strandCount = ({ stretch }: Job): number => (stretch.direction === 'both' ? 2 : 1)

function batchOf({ start, bases, tracks }: StrandValues, { region, regionIndex }: Job): PredictionBatch {
  return { region: { ...region, start, end: start + bases.length }, bases: upperBases(bases), tracks, regionIndex }
}

/** What there is to do, where that is known before the run. */
async function countAll(
  inputs: readonly Genome[],
  { parts, regions = parts, strand, signal }: PredictOptions,
): Promise<Pick<Progress, 'basesTotal' | 'regionsTotal'>> {
  const perBase = strand === 'both' ? 2 : 1
  if (regions)
    return {
      basesTotal: perBase * regions.reduce((sum, { start, end }) => sum + end - start, 0),
      regionsTotal: regions.length,
    }
  let basesTotal = 0
  let regionsTotal = 0
  for (const genome of inputs) {
    if (!genome.isRandomAccess) return { basesTotal: undefined, regionsTotal: undefined }
    for (const { length } of await genome.contigs(signal)) {
      basesTotal += perBase * length
      if (length > 0) regionsTotal++
    }
  }
  return { basesTotal, regionsTotal }
}
