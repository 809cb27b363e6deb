import type { Strand } from '../../src/genome.ts'
import type { AlleleScore, ScoredVariant, Variant } from '../variants/options.ts'
import { type Strength, strengthOf } from '../variants/score-kinds.ts'

const kept = 10
/** Weaker changes are not worth a line. */
const leastShown = 0.005

/** What is said of a run when it is done. */
export interface VariantCounts {
  readonly records: number
  /** Allele and gene pairs with scores. */
  readonly scores: number
  /** Alleles without a score, by why. */
  readonly reasons: ReadonlyMap<string, number>
  readonly strongest: readonly StrongChange[]
}

/** What passes by on its way to the writer: counts, reasons, the ten strongest changes. */
export class VariantsTally implements VariantCounts {
  records = 0
  scores = 0
  readonly reasons = new Map<string, number>()
  #strongest: StrongChange[] = []

  async *watch<V extends Variant & { readonly problem?: unknown }>(
    scored: AsyncIterable<ScoredVariant<V>>,
  ): AsyncGenerator<ScoredVariant<V>> {
    for await (const one of scored) {
      if (one.variant.problem) this.#count('bad-record')
      else for (const { reason } of one.skipped) this.#count(reason)
      if (one.variant.alts.length > 0 || one.variant.problem) this.records++
      for (const score of one.scores) this.#add(one.variant, score)
      yield one
    }
  }

  #count(reason: string, count = 1): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count)
  }

  #add({ contig, position, ref }: Variant, score: AlleleScore): void {
    const { alt, gene, strand } = score
    const strength = strengthOf(score)
    if (!strength) return
    this.scores++
    if (this.#isStrong(strength)) this.#keep({ contig, pos: position + 1, ref, alt, gene, strand, ...strength })
  }

  #isStrong({ score }: Strength): boolean {
    const least = this.#strongest.length < kept ? leastShown : Math.abs(this.#strongest[kept - 1].score)
    return Math.abs(score) > least
  }

  /** Of changes that are alike the first ones stay. */
  #keep(change: StrongChange): void {
    if (!this.#isStrong(change)) return
    this.#strongest.push(change)
    this.#strongest.sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
    this.#strongest.length = Math.min(this.#strongest.length, kept)
  }

  /** What another run counted of the variants after those that were counted so far. */
  addCounts({ records, scores, reasons, strongest }: VariantCounts): void {
    this.records += records
    this.scores += scores
    for (const [reason, count] of reasons) this.#count(reason, count)
    for (const change of strongest) this.#keep(change)
  }

  /** The strongest changes, the strongest first, in the words of a VCF (1-based positions). */
  get strongest(): readonly StrongChange[] {
    return this.#strongest
  }
}

export interface StrongChange extends Strength {
  readonly contig: string
  readonly pos: number
  readonly ref: string
  readonly alt: string
  readonly gene: string
  /** Of the gene; of a language model `+`. */
  readonly strand: Strand
}
