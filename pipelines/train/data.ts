import { FormatError } from '../../src/errors.ts'
import type { Contig, Genome, Region } from '../../src/genome.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import { encode, spliceCodes } from '../../src/model/alphabet.ts'
import {
  segmentShift,
  segments,
  type Stretch,
  type TrainingData,
  type TrainingGene,
  unknownBase,
  visibleBit,
} from '../../src/training/training-data.ts'
import { codingFrame } from './coding-frame.ts'
import { overlaps, type Split } from './split.ts'

/** Bases kept around genes. */
const padding = 10_000
/** Of a gene's introns, at least so many must begin and end as introns do. */
const leastFitting = 0.75

export interface PreparedData {
  readonly data: TrainingData
  /** Names of genes whose introns do not fit the sequence. */
  readonly leftOut: readonly string[]
}

/**
 * Sequence and targets of the training genes, all of it in memory: three bytes for each base within 10 kb of a gene. What is held out or
 * kept for choosing is unknown sequence without a loss.
 *
 * @throws FormatError where no gene fits the sequence
 */
export async function prepareData(
  genome: Genome,
  contigs: readonly Contig[],
  { training, holdOutRegions, selectRegions }: Split,
  signal?: AbortSignal,
): Promise<PreparedData> {
  const lengths = new Map(contigs.map(({ name, length }) => [name, length]))
  const hidden = [...holdOutRegions, ...selectRegions]
  const stretches: Stretch[] = []
  const genes: TrainingGene[] = []
  const leftOut: string[] = []
  for (const { region, members } of stretchesOf(training, lengths)) {
    signal?.throwIfAborted()
    const codes = Uint8Array.from(encode(await genome.read(region, signal), spliceCodes))
    for (const part of hidden)
      if (overlaps(part, region))
        codes.fill(unknownBase, Math.max(0, part.start - region.start), part.end - region.start)
    const targets = { '+': new Uint8Array(codes.length), '-': new Uint8Array(codes.length) }
    const kept = members.filter((gene) => {
      const fits = fitsSequence(gene, codes, region.start)
      if (!fits) leftOut.push(gene.gene)
      return fits
    })
    for (const gene of kept) {
      const target = targets[gene.strand]
      for (let p = gene.start - region.start; p < gene.end - region.start; p++)
        if (target[p] === 0) target[p] = visibleBit | (segments.intron << segmentShift)
    }
    for (const gene of kept) markExons(gene, codes, targets[gene.strand], region.start)
    for (const gene of kept) {
      for (const { position, kind } of sitesOf(gene)) targets[gene.strand][position - region.start] |= kind
      const [start, end] = [gene.start - region.start, gene.end - region.start]
      genes.push({ name: gene.gene, stretch: stretches.length, strand: gene.strand, start, end })
    }
    if (kept.length > 0) stretches.push({ contig: region.contig, start: region.start, codes, targets })
  }
  if (genes.length === 0)
    throw new FormatError({
      where: genome.name,
      what: 'no gene fits the sequence',
      expected: 'introns that begin with GT, GC or AT and end with AG or AC',
      got: `${leftOut.length} genes whose introns do not`,
      remedy: 'give the annotation of this assembly',
    })
  return { data: { stretches, genes }, leftOut }
}

/** Sites of a gene at forward coordinates: the first base of an exon is an acceptor, the last a donor. Kinds: 1 acceptor, 2 donor. */
export function sitesOf({ strand, exonStarts, exonEnds }: Transcript): { position: number; kind: 1 | 2 }[] {
  const [atStart, atEnd] = strand === '+' ? ([1, 2] as const) : ([2, 1] as const)
  return [
    ...exonStarts.slice(1).map((position) => ({ position, kind: atStart })),
    ...exonEnds.slice(0, -1).map((end) => ({ position: end - 1, kind: atEnd })),
  ]
}

/** Genes with what lies around them, neighbours together. */
function stretchesOf(
  genes: readonly Transcript[],
  lengths: ReadonlyMap<string, number>,
): { region: Region; members: Transcript[] }[] {
  const found: { region: Region; members: Transcript[] }[] = []
  for (const gene of genes) {
    const start = Math.max(0, gene.start - padding)
    const end = Math.min(lengths.get(gene.contig) ?? gene.end, gene.end + padding)
    const last = found.at(-1)
    if (last && last.region.contig === gene.contig && start <= last.region.end) {
      last.region = { ...last.region, end: Math.max(last.region.end, end) }
      last.members.push(gene)
    } else found.push({ region: { contig: gene.contig, start, end }, members: [gene] })
  }
  return found
}

/** Whether introns begin and end as introns do; those with unknown bases there say nothing. */
function fitsSequence({ strand, exonStarts, exonEnds }: Transcript, codes: Uint8Array, offset: number): boolean {
  let [known, fitting] = [0, 0]
  for (let k = 1; k < exonStarts.length; k++) {
    const [first, end] = [exonEnds[k - 1] - offset, exonStarts[k] - offset]
    const forward = [codes[first], codes[first + 1], codes[end - 2], codes[end - 1]]
    if (forward.some((code) => code === undefined || code === unknownBase)) continue
    known++
    const read = strand === '+' ? forward : forward.reverse().map((code) => 3 - code)
    if (canonicalEnds.has(read.join(''))) fitting++
  }
  return known > 0 && fitting >= leastFitting * known
}

/** GT-AG, GC-AG, AT-AC as codes. */
const canonicalEnds = new Set(['2302', '2102', '0301'])

function markExons(gene: Transcript, codes: Uint8Array, target: Uint8Array, offset: number): void {
  const places: number[] = []
  for (const [k, start] of gene.exonStarts.entries())
    for (let p = start; p < gene.exonEnds[k]; p++) places.push(p - offset)
  if (gene.strand === '-') places.reverse()
  const spliced = Uint8Array.from(places, (p) => {
    const code = codes[p]
    return gene.strand === '+' || code === unknownBase ? code : 3 - code
  })
  const frame = codingFrame(spliced)
  for (const [i, p] of places.entries()) {
    const isCoding = frame && i >= frame.start && i < frame.end
    const segment = isCoding ? segments.coding + ((i - frame.start) % 3) : segments.nonCodingExon
    target[p] = visibleBit | (segment << segmentShift)
  }
}
