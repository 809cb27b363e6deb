import { FormatError, RegionError } from '../../src/errors.ts'
import type { Contig, Genome, Region } from '../../src/genome.ts'
import { contigMap } from '../../src/io/fasta/region-text.ts'
import {
  type ContigSource,
  randomAccessContig,
  type SourceOptions,
  spooledContigs,
  streamedContigs,
} from './contig-source.ts'
import type { PredictOptions } from './options.ts'

/** A region (or whole record) to predict. */
export interface Target {
  readonly contig: ContigSource
  readonly region: Region
  readonly regionIndex: number
  /** For a part of a record: the bases of all of it. */
  readonly wholeLength?: number
}

/** What is to be predicted, in order; sequential inputs are read once from end to end. */
export async function* targets(
  inputs: readonly Genome[],
  options: PredictOptions,
  source: SourceOptions,
): AsyncGenerator<Target> {
  if (options.regions ?? options.parts) {
    yield* regionTargets(await randomAccessContigs(inputs, options.signal), options)
    return
  }
  const seen = new Map<string, Genome>()
  let regionIndex = 0
  for (const genome of inputs) {
    for await (const contig of wholeContigs(genome, options.strand, source)) {
      const other = seen.get(contig.name)
      if (other) throw duplicate(contig.name, other, genome)
      seen.set(contig.name, genome)
      // A record without bases has no rows; who reads the file warns of it.
      if (contig.length > 0 && contig.name === '') throw nameless(genome)
      if (contig.length > 0) yield { contig, region: wholeOf(contig), regionIndex: regionIndex++ }
      await contig.close()
    }
  }
}

/** The regions, or the parts of records, that `options` ask for. */
export function* regionTargets(
  contigs: ContigSources,
  { regions, parts = [] }: Pick<PredictOptions, 'regions' | 'parts'>,
): Generator<Target> {
  let regionIndex = 0
  for (const region of regions ?? parts) {
    const contig = checkedContig(region, contigs)
    yield { contig, region, regionIndex: regionIndex++, wholeLength: regions ? undefined : contig.length }
  }
}

export const wholeOf = ({ name, length }: ContigSource): Region => ({ contig: name, start: 0, end: length })

async function* wholeContigs(
  genome: Genome,
  strand: PredictOptions['strand'] = '+',
  source: SourceOptions,
): AsyncGenerator<ContigSource> {
  if (strand === '+') {
    const contigs = genome.isRandomAccess ? contigMap(await genome.contigs(source.signal)) : undefined
    yield* streamedContigs(genome, contigs, source)
  } else if (genome.isRandomAccess) {
    for (const { name, length } of await genome.contigs(source.signal))
      yield randomAccessContig(genome, name, length, source.signal)
  } else {
    yield* spooledContigs(genome, source)
  }
}

/** Contigs by their names; a source is made when it is first asked for: there may be millions. */
export interface ContigSources {
  get(name: string): ContigSource | undefined
  keys(): Iterable<string>
}

/** The contigs of all inputs by their names. FormatError for a stream and for a name that stands twice. */
export async function randomAccessContigs(inputs: readonly Genome[], signal?: AbortSignal): Promise<ContigSources> {
  const known: { readonly genome: Genome; readonly contigs: ReadonlyMap<string, Contig> }[] = []
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
    const contigs = contigMap(await genome.contigs(signal))
    for (const before of known)
      for (const name of contigs.keys()) if (before.contigs.has(name)) throw duplicate(name, before.genome, genome)
    known.push({ genome, contigs })
  }
  /** Regions of one contig share its source, by which their groups know that they may be read together. */
  const made = new Map<string, ContigSource>()
  return {
    get(name) {
      const before = made.get(name)
      if (before) return before
      for (const { genome, contigs } of known) {
        const contig = contigs.get(name)
        if (!contig) continue
        const source = randomAccessContig(genome, name, contig.length, signal)
        made.set(name, source)
        return source
      }
      return undefined
    },
    *keys() {
      for (const { contigs } of known) yield* contigs.keys()
    },
  }
}

const nameless = (genome: Genome): FormatError =>
  new FormatError({
    where: genome.name,
    what: 'a record has no name, so its rows could not be found again',
    expected: 'a header line ">name"',
    got: '">"',
    remedy: 'give it a name',
  })

const duplicate = (name: string, first: Genome, second: Genome): FormatError =>
  new FormatError({
    where: second.name,
    what: `record ${name} is in ${first.name} too`,
    expected: 'each name once',
    remedy: 'rename one, or run the files one by one',
  })

function checkedContig({ contig: name, start, end }: Region, contigs: ContigSources): ContigSource {
  const contig = contigs.get(name)
  const where = `${name}:${start}-${end}`
  if (!contig)
    throw new RegionError({
      where,
      what: `there is no contig ${name}`,
      expected: `one of ${listed([...contigs.keys()])}`,
    })
  if (!(start >= 0 && start < end && end <= contig.length)) {
    throw new RegionError({
      where,
      what: 'the region is not in the contig',
      expected: `0 <= start < end <= ${contig.length}, the contig's length`,
      got: `${start}, ${end}`,
    })
  }
  return contig
}

const listed = (names: readonly string[]): string =>
  names.slice(0, 8).join(', ') + (names.length > 8 ? `, ... (${names.length} contigs)` : '')
