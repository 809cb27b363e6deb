import { FormatError } from '../../src/errors.ts'
import type { Contig, Genome, Region } from '../../src/genome.ts'
import { readBed } from '../../src/io/fasta/bed.ts'
import { openGenome, type OpenGenomeOptions } from '../../src/io/fasta/open-genome.ts'
import { contigMap, parseRegion } from '../../src/io/fasta/region-text.ts'
import type { PredictRequest } from './request.ts'

export async function openGenomes(inputs: readonly string[], options: OpenGenomeOptions): Promise<Genome[]> {
  const genomes: Genome[] = []
  for (const input of inputs) genomes.push(await openGenome(input, options))
  return genomes
}

/** Contigs in input order where all inputs know theirs beforehand. */
export async function knownContigs(
  genomes: readonly Genome[],
  signal?: AbortSignal,
): Promise<readonly Contig[] | undefined> {
  if (!genomes.every((genome) => genome.isRandomAccess)) return undefined
  if (genomes.length === 1) return genomes[0].contigs(signal)
  const contigs: Contig[] = []
  for (const genome of genomes) for (const contig of await genome.contigs(signal)) contigs.push(contig)
  return contigs
}

/** Regions of --region and --regions, in that order; undefined where neither is given. */
export async function readRegions(
  request: Pick<PredictRequest, 'regionTexts' | 'bedFiles'>,
  genomes: readonly Genome[],
  signal?: AbortSignal,
): Promise<Region[] | undefined> {
  if (request.regionTexts.length + request.bedFiles.length === 0) return undefined
  const contigs = contigMap((await knownContigs(genomes, signal)) ?? needFile(genomes))
  const regions: Region[] = request.regionTexts.map((text) => parseRegion(text, contigs))
  // One by one: a call takes no more arguments than the stack holds, and a list may have millions of regions.
  for (const path of request.bedFiles) for (const region of await readBed(path, contigs, signal)) regions.push(region)
  return regions
}

function needFile(genomes: readonly Genome[]): never {
  const { name } = genomes.find((genome) => !genome.isRandomAccess)!
  throw new FormatError({
    where: name,
    what: 'regions need random access, and a stream cannot seek',
    expected: 'a FASTA file',
    got: 'standard input',
    remedy: 'save it to a file first',
  })
}

/** What the `region` column says. */
export const regionName = ({ name, contig, start, end }: Region): string => name ?? `${contig}:${start}-${end}`
