import { ConfigError } from '../src/errors.ts'
import type { Genome, PredictionBatch, Region, Strand } from '../src/genome.ts'
import { upperBases } from '../src/io/alphabet.ts'
import type { Model } from '../src/model/model.ts'
import { contextBases, inPacks, isFull, type Job, jobsOf } from './jobs.ts'
import { isDeviceFailure, queuePack } from './packed-regions.ts'
import { type DeviceRecovery, type Place, runRecovering } from './run-recovering.ts'
import { runBoth, runForward, runReverse, type StrandOptions, type StrandValues } from './run-strand.ts'
import { targets } from './targets.ts'

export interface PredictOptions {
  /** In the order of the output; without them every record, whole. */
  readonly regions?: readonly Region[]
  /**
   * Instead of regions: parts of whole records, each given the sequence around it, with bit for bit the values that the
   * whole record has. Borders must be multiples of what `partBases` says (or the record's ends).
   */
  readonly parts?: readonly Region[]
  /** Default: each region's own strand, else `+`. With `both` tracks get the suffixes `_plus` and `_minus`. */
  readonly strand?: Strand | 'both'
  /** Real sequence given to the model on each side of a region, in bases; `full`: as much as it can see; `none`: padding. */
  readonly context?: number | 'full' | 'none'
  /** Names of the model's tracks; default: its default tracks. */
  readonly tracks?: readonly string[]
  /** Bases computed at a time; never changes the result beyond rounding. */
  readonly chunk?: number
  /** Bytes to stay within. */
  readonly memory?: number
  /** Where values that do not fit memory wait (only for the minus strand of long contigs). */
  readonly temporaryFolder?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Asked, when the device fails, for what to go on with; without an answer the error stands. */
  readonly onDeviceError?: DeviceRecovery
}

export interface Progress {
  readonly contig: string
  /** Bases computed, each strand counted; `basesTotal` is undefined for a stream. */
  readonly basesDone: number
  readonly basesTotal: number | undefined
}

const defaultMemoryBytes = 2 ** 32
/**
 * Per-base predictions for every record of `genomes`, or for `regions`, in order; each base of each region exactly once.
 * Memory is bounded by the chunk, not by the genome.
 *
 * RegionError for a region the genome does not have; ConfigError for options that cannot be; LimitError where the
 * smallest chunk does not fit `memory`. An abort passes through as it is.
 */
export async function* predict(model: Model, genomes: Genome | readonly Genome[], options: PredictOptions = {}): AsyncGenerator<PredictionBatch> {
  const inputs = 'length' in genomes ? genomes : [genomes]
  const { signal } = options
  const memoryBytes = options.memory ?? defaultMemoryBytes
  const context = contextBases(model, options.parts ? 'full' : options.context)
  let basesDone = 0
  let contigName = ''
  const basesTotal = await countBases(inputs, options)
  const strand: StrandOptions = {
    tracks: checkedTracks(model, options.tracks),
    memoryBytes,
    spoolBytes: Math.min(2 ** 30, memoryBytes / 8),
    temporaryFolder: options.temporaryFolder ?? '.',
    signal,
    onComputed(bases) {
      basesDone += bases
      options.onProgress?.({ contig: contigName, basesDone, basesTotal })
    },
  }

  let place: Place = { model, chunk: options.chunk }
  const onMoved = (next: Place): void => {
    place = next
  }
  const alone = async function* ({ stretch, region, regionIndex }: Job): AsyncGenerator<PredictionBatch> {
    contigName = stretch.contig.name
    const run = { '+': runForward, '-': runReverse, both: runBoth }[stretch.direction]
    for await (const values of runRecovering(run, place, stretch, strand, { onDeviceError: options.onDeviceError, onMoved })) {
      signal?.throwIfAborted()
      yield batchOf(values, region, regionIndex)
    }
  }
  const packed = async function* ({ jobs, values }: Pack): AsyncGenerator<PredictionBatch> {
    const done = await values.catch((error: unknown) => {
      if (isDeviceFailure(error)) return undefined // one by one, with what recovers from it
      throw error
    })
    for (const [i, job] of jobs.entries()) {
      if (!done) yield* alone(job)
      else {
        contigName = job.region.contig
        strand.onComputed?.((job.stretch.direction === 'both' ? 2 : 1) * done[i]!.bases.length)
        yield batchOf(done[i]!, job.region, job.regionIndex)
      }
    }
  }

  const pack = { ...strand, isContextFull: isFull(model, options.context) }
  let previous: Pack | undefined
  for await (const jobs of inPacks(jobsOf(targets(inputs, options, strand), context, options.strand), options)) {
    signal?.throwIfAborted()
    if (jobs.length === 1) {
      if (previous) yield* packed(previous)
      previous = undefined
      yield* alone(jobs[0]!)
      continue
    }
    // The next pack is read and queued before the last one's values are awaited.
    const current: Pack = { jobs, ...(await queuePack(place.model, jobs.map(({ stretch }) => stretch), pack)) }
    if (previous) yield* packed(previous)
    previous = current
  }
  if (previous) yield* packed(previous)
}

interface Pack {
  readonly jobs: readonly Job[]
  readonly values: Promise<StrandValues[]>
}

function batchOf({ start, bases, tracks }: StrandValues, region: Region, regionIndex: number): PredictionBatch {
  return { region: { ...region, start, end: start + bases.length }, bases: upperBases(bases), tracks, regionIndex }
}

/** Bases to compute where that is known before the run. */
async function countBases(inputs: readonly Genome[], { parts, regions = parts, strand, signal }: PredictOptions): Promise<number | undefined> {
  const perBase = strand === 'both' ? 2 : 1
  if (regions) return perBase * regions.reduce((sum, { start, end }) => sum + end - start, 0)
  let bases = 0
  for (const genome of inputs) {
    if (!genome.isRandomAccess) return undefined
    for (const { length } of await genome.contigs(signal)) bases += length
  }
  return perBase * bases
}

/** The tracks to write, checked against the model's. */
export function checkedTracks({ info }: Model, tracks: readonly string[] | undefined): readonly string[] {
  if (!tracks) return info.tracks.filter((track) => track.isDefault).map((track) => track.name)
  const names = info.tracks.map((track) => track.name)
  for (const name of tracks) {
    if (!names.includes(name)) throw new ConfigError({ where: '--tracks', what: `${info.name} has no track ${name}`, expected: `some of ${names.join(', ')}`, got: name })
  }
  if (tracks.length === 0) throw new ConfigError({ where: '--tracks', what: 'no track is named', expected: `some of ${names.join(', ')}` })
  return [...new Set(tracks)]
}

