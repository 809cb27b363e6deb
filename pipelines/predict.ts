import { ConfigError, FormatError, RegionError } from '../src/errors.ts'
import type { Genome, PredictionBatch, Region, Strand } from '../src/genome.ts'
import { upperBases } from '../src/io/alphabet.ts'
import type { Model } from '../src/model/model.ts'
import { type ContigSource, randomAccessContig, spooledContigs, streamedContigs } from './contig-source.ts'
import { type DeviceRecovery, type Place, runRecovering } from './run-recovering.ts'
import { runBoth, runForward, runReverse, type StrandOptions, type StrandValues, type Stretch } from './run-strand.ts'

export interface PredictOptions {
  /** In the order of the output; without them every record, whole. */
  readonly regions?: readonly Region[]
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

/** A region (or whole record) to predict. */
interface Target {
  readonly contig: ContigSource
  readonly region: Region
  readonly regionIndex: number
}

const defaultMemoryBytes = 2 ** 32
/** `full` context is the default up to this receptive field, both sides together. */
const fullContextBases = 100_000

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
  const context = contextBases(model, options.context)
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
  for await (const { contig, region, regionIndex } of targets(inputs, options, strand)) {
    contigName = contig.name
    const { start, end } = region
    const direction = options.strand ?? region.strand ?? '+'
    const [before, after] = reach(context, direction)
    const isWhole = !Number.isFinite(end)
    const stretch: Stretch = { contig, start, end, before: Math.min(start, before), after: isWhole ? 0 : Math.min(contig.length - end, after) }
    const run = { '+': runForward, '-': runReverse, both: runBoth }[direction]
    const onMoved = (next: Place): void => {
      place = next
    }
    for await (const values of runRecovering(run, place, stretch, strand, { onDeviceError: options.onDeviceError, onMoved })) {
      signal?.throwIfAborted()
      yield batchOf(values, region, regionIndex)
    }
  }
}

function batchOf({ start, bases, tracks }: StrandValues, region: Region, regionIndex: number): PredictionBatch {
  return { region: { ...region, start, end: start + bases.length }, bases: upperBases(bases), tracks, regionIndex }
}

/** What is to be predicted, in order; sequential inputs are read once from end to end. */
async function* targets(inputs: readonly Genome[], options: PredictOptions, source: StrandOptions): AsyncGenerator<Target> {
  const { signal, strand = '+', regions } = options
  if (regions) {
    const contigs = await randomAccessContigs(inputs, signal)
    for (const [regionIndex, region] of regions.entries()) yield { contig: checkedContig(region, contigs), region, regionIndex }
    return
  }
  const seen = new Map<string, Genome>()
  let regionIndex = 0
  for (const genome of inputs) {
    for await (const contig of wholeContigs(genome, strand, source)) {
      const other = seen.get(contig.name)
      if (other) throw duplicate(contig.name, other, genome)
      seen.set(contig.name, genome)
      // A record without bases has no rows; who reads the file warns of it.
      if (contig.length > 0) yield { contig, region: { contig: contig.name, start: 0, end: contig.length }, regionIndex: regionIndex++ }
      await contig.close()
    }
  }
}

async function* wholeContigs(genome: Genome, strand: Strand | 'both', source: StrandOptions): AsyncGenerator<ContigSource> {
  if (strand === '+') {
    const lengths = genome.isRandomAccess ? new Map((await genome.contigs(source.signal)).map(({ name, length }) => [name, length])) : undefined
    yield* streamedContigs(genome, lengths, source)
  } else if (genome.isRandomAccess) {
    for (const { name, length } of await genome.contigs(source.signal)) yield randomAccessContig(genome, name, length, source.signal)
  } else {
    yield* spooledContigs(genome, source)
  }
}

async function randomAccessContigs(inputs: readonly Genome[], signal?: AbortSignal): Promise<Map<string, ContigSource>> {
  const contigs = new Map<string, ContigSource>()
  const owners = new Map<string, Genome>()
  for (const genome of inputs) {
    if (!genome.isRandomAccess) {
      throw new FormatError({
        where: genome.name,
        what: 'regions need random access',
        expected: 'a plain or BGZF FASTA file',
        got: genome.name === '-' ? 'standard input' : 'plain gzip',
        remedy: genome.name === '-' ? 'give a file' : 'recompress it with bgzip',
      })
    }
    for (const { name, length } of await genome.contigs(signal)) {
      const other = owners.get(name)
      if (other) throw duplicate(name, other, genome)
      owners.set(name, genome)
      contigs.set(name, randomAccessContig(genome, name, length, signal))
    }
  }
  return contigs
}

const duplicate = (name: string, first: Genome, second: Genome): FormatError =>
  new FormatError({ where: second.name, what: `record ${name} is in ${first.name} too`, expected: 'each name once', remedy: 'rename one, or run the files one by one' })

function checkedContig({ contig: name, start, end }: Region, contigs: ReadonlyMap<string, ContigSource>): ContigSource {
  const contig = contigs.get(name)
  const where = `${name}:${start}-${end}`
  if (!contig) throw new RegionError({ where, what: `there is no contig ${name}`, expected: `one of ${listed([...contigs.keys()])}` })
  if (!(start >= 0 && start < end && end <= contig.length)) {
    throw new RegionError({ where, what: 'the region is not in the contig', expected: `0 <= start < end <= ${contig.length}, the contig's length`, got: `${start}, ${end}` })
  }
  return contig
}

/** Bases to compute where that is known before the run. */
async function countBases(inputs: readonly Genome[], { regions, strand, signal }: PredictOptions): Promise<number | undefined> {
  const perBase = strand === 'both' ? 2 : 1
  if (regions) return perBase * regions.reduce((sum, { start, end }) => sum + end - start, 0)
  let bases = 0
  for (const genome of inputs) {
    if (!genome.isRandomAccess) return undefined
    for (const { length } of await genome.contigs(signal)) bases += length
  }
  return perBase * bases
}

/** Bases of real sequence before and after, as the model reads. */
export function contextBases({ info }: Model, context: PredictOptions['context']): { left: number; right: number } {
  const { left, right } = info.receptiveField
  const chosen = context ?? (left + right <= fullContextBases ? 'full' : 'none')
  if (chosen === 'full') return { left, right }
  if (chosen === 'none') return { left: 0, right: 0 }
  if (!(Number.isInteger(chosen) && chosen >= 0)) {
    throw new ConfigError({ where: '--context', what: 'bad value', expected: 'a number of bases, full or none', got: `${chosen}` })
  }
  return { left: chosen, right: chosen }
}

/** Bases before and after a region on the forward strand: the minus strand is read the other way round. */
function reach({ left, right }: { left: number; right: number }, direction: Strand | 'both'): [before: number, after: number] {
  if (direction === 'both') return [Math.max(left, right), Math.max(left, right)]
  return direction === '+' ? [left, right] : [right, left]
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

const listed = (names: readonly string[]): string => names.slice(0, 8).join(', ') + (names.length > 8 ? `, ... (${names.length} contigs)` : '')
