import { RegionError } from '../../src/errors.ts'
import type { Contig, Genome, Strand } from '../../src/genome.ts'
import { isBase, upperBases } from '../../src/io/fasta/alphabet.ts'
import type { GeneIndex } from '../../src/io/variants/annotation/gene-index.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { ContigNames } from './contigs.ts'
import { alignLeft, type Change, trim } from './normalize.ts'
import type { SkipReason, Variant } from './options.ts'

const encoder = new TextEncoder()

/** Bases as ASCII, upper case, U as T; undefined where the text holds anything else. */
export function basesOf(text: string): Uint8Array | undefined {
  const letters = encoder.encode(text)
  return letters.length > 0 && letters.every((letter) => isBase[letter] === 1) ? upperBases(letters) : undefined
}

/** An allele that can be scored: what stands where instead of what, and the genes it lies in. */
export interface Scorable {
  /** 0-based; of the change as it is scored, which `normalize` may have moved from the variant's own position. */
  readonly position: number
  readonly refLength: number
  readonly alt: Uint8Array
  /** At least one. */
  readonly genes: readonly Transcript[]
}

/** A variant with what is known of it before anything is computed. */
export interface Examined {
  /** The genome's contig. */
  readonly contig: Contig | undefined
  /** Of each ALT: what is to be scored, or why it has no score. */
  readonly alleles: readonly (Scorable | SkipReason)[]
}

export interface Surroundings {
  readonly genome: Genome
  readonly contigs: ContigNames
  readonly genes: GeneIndex | WholeContigs
  /** Positions of the reference that are compared for a change: `start` (inclusive) to `end` (exclusive). */
  readonly compared: (position: number, refLength: number) => { readonly start: number; readonly end: number }
  /** Bases on each side of these that have to be there (the larger of the two sides). */
  readonly halo: number
  /** Longer REFs have the reason `too-long`. */
  readonly mostReferenceBases: number
  /** Whether a REF or ALT without any of A, C, G and T has the reason `bad-ref` or `symbolic`. */
  readonly needsKnownBases: boolean
  readonly signal?: AbortSignal
  readonly onBadVariant?: 'error' | 'keep'
  readonly normalize?: 'asis' | 'left' | 'trim'
  /** Longer ALTs have the reason `too-long`. */
  readonly mostAlternateBases: number
  /** What notes call the list of variants. */
  readonly listName: string
}

/** Which alleles can be scored, and in which genes; SpliceAI's rules, in its order. At once where nothing has to be read. */
export function examine(variant: Variant, around: Surroundings): Examined | Promise<Examined> {
  const contig = around.contigs.find(variant.contig, around.listName)
  const alts = variant.alts.map((alt) => alleleKind(alt, around.mostAlternateBases))
  const without = (reason: SkipReason): Examined => ({
    contig,
    alleles: alts.map((alt) => (typeof alt === 'string' ? alt : reason)),
  })
  if (alts.length === 0) return { contig, alleles: [] }
  if (!contig) return without('no-contig')
  if (isOutside(variant, contig, around)) return without('bad-record')
  const isAsIs = around.normalize === undefined || around.normalize === 'asis'
  if (isAsIs && around.genes.at(contig.name, variant.position).length === 0)
    return without(geneless(variant.position, contig))
  return examineAlleles(variant, alts, contig, around)
}

/** The bases of an allele, or why it has none. */
function alleleKind(alt: string, mostBases: number): Uint8Array | SkipReason {
  if (alt === '.') return 'no-change'
  if (alt === '*' || alt === '<*>') return 'star'
  if (alt.length > mostBases) return 'too-long'
  return basesOf(alt) ?? 'symbolic'
}

/** Whether POS lies outside the contig. RegionError where that ends the run. */
function isOutside(variant: Variant, contig: Contig, { onBadVariant }: Surroundings): boolean {
  const { position } = variant
  if (Number.isSafeInteger(position) && position >= -1 && position <= contig.length) return false
  if (onBadVariant === 'keep') return true
  throw new RegionError({
    where: variant.where ?? `${variant.contig}:${position}`,
    what: `the position is outside contig ${contig.name}`,
    expected: `a POS of 1 to ${contig.length}`,
    got: `${position + 1}`,
    remedy: 'is it a VCF of another assembly?',
  })
}

const geneless = (position: number, contig: Contig): SkipReason =>
  position < 0 || position >= contig.length ? 'contig-end' : 'no-gene'

async function examineAlleles(
  variant: Variant,
  alts: readonly (Uint8Array | SkipReason)[],
  contig: Contig,
  around: Surroundings,
): Promise<Examined> {
  const { normalize, genome, signal } = around
  const ref = basesOf(variant.ref)
  const isReference = once(async () => {
    const [start, end] = [variant.position, variant.position + variant.ref.length]
    if (!ref || start < 0 || end > contig.length) return false
    const found = upperBases(await genome.read({ contig: contig.name, start, end }, signal))
    return found.every((letter, i) => letter === ref[i])
  })
  const alleles: (Scorable | SkipReason)[] = []
  for (const alt of alts) {
    if (typeof alt === 'string') {
      alleles.push(alt)
      continue
    }
    let change: Change = { position: variant.position, ref: ref ?? alt.subarray(0, 0), alt }
    if (ref && normalize === 'trim') change = trim(change)
    if (ref && normalize === 'left' && (await isReference()))
      change = await alignLeft(change, { genome, contig: contig.name, signal })
    alleles.push(await scorable(change, { contig, around, hasBases: ref !== undefined, isReference }))
  }
  return { contig, alleles }
}

interface Place {
  readonly contig: Contig
  readonly around: Surroundings
  /** Whether REF is bases. */
  readonly hasBases: boolean
  readonly isReference: () => Promise<boolean>
}

/** The change with its genes, or why it cannot be scored. */
async function scorable({ position, ref, alt }: Change, place: Place): Promise<Scorable | SkipReason> {
  const { contig, around, hasBases, isReference } = place
  const genes = around.genes.at(contig.name, position)
  if (genes.length === 0) return geneless(position, contig)
  if (!hasBases) return 'bad-ref'
  if (!(await isReference())) return 'ref-mismatch'
  if (around.needsKnownBases && !hasKnownBase(ref)) return 'bad-ref'
  if (around.needsKnownBases && !hasKnownBase(alt)) return 'symbolic'
  const { start, end } = around.compared(position, ref.length)
  if (start - around.halo < 0 || end + around.halo > contig.length) return 'contig-end'
  if (ref.length > around.mostReferenceBases) return 'too-long'
  return { position, refLength: ref.length, alt, genes }
}

const knownBases = encoder.encode('ACGT')
const hasKnownBase = (bases: Uint8Array): boolean => bases.some((base) => knownBases.includes(base))

/** `find`, asked for the first time, and what it found then. */
function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined
  return () => (found ??= find())
}

/** Instead of genes: every contig as a whole, on both strands (or one). */
export class WholeContigs {
  readonly #strands: ReadonlyMap<string, readonly Transcript[]>

  constructor(contigs: readonly Contig[], strands: readonly Strand[] = ['+', '-']) {
    this.#strands = new Map(
      contigs.map(({ name, length }) => {
        const whole = { gene: '.', id: undefined, contig: name, start: 0, end: length, exonStarts: [], exonEnds: [] }
        return [name, strands.map((strand) => ({ ...whole, strand }))]
      }),
    )
  }

  /** The strands, whatever the position: the same objects for all positions of a contig. */
  at(contig: string, _position: number): readonly Transcript[] {
    return this.#strands.get(contig) ?? []
  }
}
