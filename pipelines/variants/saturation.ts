import type { Genome, Region } from '../../src/genome.ts'
import { upperBases } from '../../src/io/fasta/alphabet.ts'
import { expectOptions } from '../../src/validate.ts'
import type { Variant } from './options.ts'

export interface SaturationOptions {
  /** All single-base changes. */
  readonly snv?: boolean
  /** All insertions of one base and deletions of one to four. */
  readonly indel?: boolean
  readonly signal?: AbortSignal
}

const bases = ['A', 'C', 'G', 'T'] as const
const mostDeleted = 4
/** Bases that are read at a time. */
const readBases = 65_536
const decoder = new TextDecoder()

/**
 * Every small change of the regions, as a variant of its own with one allele, for `scoreVariants`. At each position, where
 * the genome has A, C, G or T: the three other bases; then what stands there followed by each of the four bases; then what
 * stands there without the one, two, three or four bases after it, which may lie beyond the region, but not beyond the
 * contig. Regions come in their order, each with all of its positions, also where they overlap. Positions are 0-based.
 *
 * @throws RegionError for a region that the genome does not have; ConfigError for options that cannot be
 */
export async function* everyVariant(
  genome: Genome,
  regions: Iterable<Region>,
  options: SaturationOptions = { snv: true },
): AsyncGenerator<Variant> {
  const { snv = false, indel = false, signal } = expectOptions('everyVariant', options)
  const lengths = new Map((await genome.contigs(signal)).map(({ name, length }) => [name, length]))
  for (const { contig, start, end } of regions) {
    const length = lengths.get(contig) ?? end
    for (let from = start; from < end; from += readBases) {
      const to = Math.min(end, from + readBases)
      const read = { contig, start: from, end: Math.min(length, to + mostDeleted) }
      const text = decoder.decode(upperBases(await genome.read(read, signal)))
      for (let position = from; position < to; position++) {
        const at = position - from
        const ref = text[at]
        if (!isKnown(ref)) continue
        if (snv) for (const alt of bases) if (alt !== ref) yield { contig, position, ref, alts: [alt] }
        if (!indel) continue
        for (const more of bases) yield { contig, position, ref, alts: [ref + more] }
        for (let deleted = 1; deleted <= mostDeleted && position + deleted < length; deleted++)
          yield { contig, position, ref: text.slice(at, at + 1 + deleted), alts: [ref] }
      }
    }
  }
}

const isKnown = (letter: string): boolean => (bases as readonly string[]).includes(letter)
