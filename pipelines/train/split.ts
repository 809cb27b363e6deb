import { FormatError } from '../../src/errors.ts'
import type { Region } from '../../src/genome.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'

/** Which genes serve for what; the regions are never trained on. */
export interface Split {
  readonly training: readonly Transcript[]
  /** Wholly inside `selectRegions`. */
  readonly selection: readonly Transcript[]
  /** Wholly inside `holdOutRegions`. */
  readonly test: readonly Transcript[]
  readonly holdOutRegions: readonly Region[]
  readonly selectRegions: readonly Region[]
  /** Genes across a border. */
  readonly cutCount: number
}

/** Tenths of a contig's genes that are kept where nothing is said. */
const [heldOutTenth, selectedTenth] = [3, 7]

/**
 * Genes with introns, sorted, as training, selection and test. Where regions are not given: a tenth of each contig's genes each, as one
 * stretch; genes of contigs with fewer than ten are counted together.
 *
 * @throws FormatError where nothing is left to train on
 */
export function splitGenes(
  transcripts: readonly Transcript[],
  given: { readonly holdOut?: readonly Region[]; readonly select?: readonly Region[] },
): Split {
  const genes = transcripts
    .filter(({ exonStarts }) => exonStarts.length > 1)
    .sort((a, b) => (a.contig < b.contig ? -1 : a.contig > b.contig ? 1 : a.start - b.start || a.end - b.end))
  if (genes.length === 0)
    throw new FormatError({ where: 'genes', what: 'no gene has an intron', expected: 'genes of two exons or more' })
  const holdOutRegions = given.holdOut ?? tenthOf(genes, heldOutTenth)
  const selectRegions = given.select ?? tenthOf(genes, selectedTenth)
  const [training, selection, test]: Transcript[][] = [[], [], []]
  let cutCount = 0
  for (const gene of genes) {
    if (holdOutRegions.some((region) => contains(region, gene))) test.push(gene)
    else if (holdOutRegions.some((region) => overlaps(region, gene))) cutCount++
    else if (selectRegions.some((region) => contains(region, gene))) selection.push(gene)
    else if (selectRegions.some((region) => overlaps(region, gene))) cutCount++
    else training.push(gene)
  }
  if (training.length === 0)
    throw new FormatError({
      where: 'genes',
      what: 'every gene lies in the parts that are held out or kept for choosing',
      expected: 'genes to train on',
      got: `${genes.length} genes with introns, none outside`,
      remedy: 'give smaller regions as `holdOut` and `select`',
    })
  return { training, selection, test, holdOutRegions, selectRegions, cutCount }
}

export const overlaps = (region: Region, { contig, start, end }: Region): boolean =>
  region.contig === contig && start < region.end && region.start < end
const contains = (region: Region, { contig, start, end }: Region): boolean =>
  region.contig === contig && region.start <= start && end <= region.end

/** One tenth of the genes of each contig, from the start of its first to the end of its last. */
function tenthOf(genes: readonly Transcript[], tenth: number): Region[] {
  const byContig = new Map<string, Transcript[]>()
  for (const gene of genes) byContig.set(gene.contig, [...(byContig.get(gene.contig) ?? []), gene])
  const many = [...byContig.values()].filter((list) => list.length >= 10)
  const few = [...byContig.values()].filter((list) => list.length < 10).flat()
  const regions: Region[] = []
  for (const list of few.length > 0 ? [...many, few] : many) {
    const part = list.slice(Math.floor((tenth * list.length) / 10), Math.floor(((tenth + 1) * list.length) / 10))
    for (const contig of new Set(part.map((gene) => gene.contig))) {
      const own = part.filter((gene) => gene.contig === contig)
      regions.push({
        contig,
        start: Math.min(...own.map(({ start }) => start)),
        end: Math.max(...own.map(({ end }) => end)),
      })
    }
  }
  return regions
}

/** Regions in words, 1-based. */
export const showRegions = (regions: readonly Region[]): string =>
  regions.length === 0
    ? 'none'
    : regions
        .map(({ contig, start, end }) => `${contig}:${(start + 1).toLocaleString('en')}-${end.toLocaleString('en')}`)
        .join(', ')
