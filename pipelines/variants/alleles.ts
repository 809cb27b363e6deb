import { RegionError } from '../../src/errors.ts'
import type { Contig, Genome } from '../../src/genome.ts'
import { isBase, upperBases } from '../../src/io/fasta/alphabet.ts'
import type { GeneIndex } from '../../src/io/variants/annotation/gene-index.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { ContigNames } from './contigs.ts'
import type { SkipReason, Variant } from './options.ts'

const encoder = new TextEncoder()

/** Bases as ASCII, upper case, U as T; undefined where the text holds anything else. */
export function basesOf(text: string): Uint8Array | undefined {
  const letters = encoder.encode(text)
  return letters.length > 0 && letters.every((letter) => isBase[letter] === 1) ? upperBases(letters) : undefined
}

/** A variant with what is known of it before anything is computed. */
export interface Examined {
  /** The genome's contig. */
  readonly contig: Contig | undefined
  /** Genes it lies in; empty where no allele can be scored. */
  readonly genes: readonly Transcript[]
  /** Of each ALT: its bases, or why it has no score. */
  readonly alleles: readonly (Uint8Array | SkipReason)[]
}

export interface Surroundings {
  readonly genome: Genome
  readonly contigs: ContigNames
  readonly genes: GeneIndex | 'none'
  readonly distance: number
  /** Bases that the model sees on each side of a position (the larger of the two sides). */
  readonly halo: number
  readonly signal?: AbortSignal
  readonly onBadVariant?: 'error' | 'keep'
  /** Longer ALTs have the reason `too-long`. */
  readonly mostAlternateBases: number
  /** What notes call the list of variants. */
  readonly listName: string
}

/** Which alleles can be scored, and in which genes; SpliceAI's rules, in its order. */
export async function examine(variant: Variant, around: Surroundings): Promise<Examined> {
  const contig = around.contigs.find(variant.contig, around.listName)
  const kinds = variant.alts.map((alt) => alleleKind(alt, around.mostAlternateBases))
  if (kinds.length === 0) return { contig, genes: [], alleles: [] }
  const genes = contig ? genesAt(contig, variant.position, around) : []
  const reason = await recordReason(variant, contig, genes, around)
  if (reason === undefined) return { contig, genes, alleles: kinds }
  return { contig, genes: [], alleles: kinds.map((kind) => (typeof kind === 'string' ? kind : reason)) }
}

/** The bases of an allele, or why it has none. */
function alleleKind(alt: string, mostBases: number): Uint8Array | SkipReason {
  if (alt === '.') return 'no-change'
  if (alt === '*' || alt === '<*>') return 'star'
  if (alt.length > mostBases) return 'too-long'
  return basesOf(alt) ?? 'symbolic'
}

function genesAt({ name, length }: Contig, position: number, { genes }: Surroundings): readonly Transcript[] {
  if (genes !== 'none') return genes.at(name, position)
  const whole = { gene: '.', id: undefined, contig: name, start: 0, end: length, exonStarts: [], exonEnds: [] }
  return [
    { ...whole, strand: '+' },
    { ...whole, strand: '-' },
  ]
}

/** Why none of a record's alleles can be scored; undefined where they can. */
async function recordReason(
  variant: Variant,
  contig: Contig | undefined,
  genes: readonly Transcript[],
  { genome, distance, halo, signal, onBadVariant }: Surroundings,
): Promise<SkipReason | undefined> {
  const { position, ref } = variant
  if (!contig) return 'no-contig'
  if (!Number.isSafeInteger(position) || position < -1 || position > contig.length) {
    if (onBadVariant === 'keep') return 'bad-record'
    throw new RegionError({
      where: variant.where ?? `${variant.contig}:${position}`,
      what: `the position is outside contig ${contig.name}`,
      expected: `a POS of 1 to ${contig.length}`,
      got: `${position + 1}`,
      remedy: 'is it a VCF of another assembly?',
    })
  }
  if (genes.length === 0) return position < 0 || position >= contig.length ? 'contig-end' : 'no-gene'
  const bases = basesOf(ref)
  if (!bases) return 'bad-ref'
  const end = position + bases.length
  if (end > contig.length) return 'ref-mismatch'
  const found = upperBases(await genome.read({ contig: contig.name, start: position, end }, signal))
  if (found.some((letter, i) => letter !== bases[i])) return 'ref-mismatch'
  const reach = halo + distance
  if (position - reach < 0 || position + reach + 1 > contig.length) return 'contig-end'
  // A window with a small context may not hold all of a long REF.
  if (bases.length > 2 * distance || bases.length > distance + 1 + halo) return 'too-long'
  return undefined
}
