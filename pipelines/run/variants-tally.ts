import type { AlleleScore, ScoredVariant, Variant } from '../variants/options.ts'
import { type Strength, strengthOf } from '../variants/score-kinds.ts'

interface Strong {
  readonly variant: Pick<Variant, 'contig' | 'position' | 'ref'>
  readonly score: AlleleScore
  readonly strength: Strength
}

const kept = 10
/** Weaker changes are not worth a line. */
const leastShown = 0.005

/** What passes by on its way to the writer: counts, reasons, the ten strongest changes. */
export class VariantsTally {
  records = 0
  /** Allele and gene pairs with scores. */
  scores = 0
  readonly reasons = new Map<string, number>()
  #strongest: Strong[] = []

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

  #count(reason: string): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
  }

  #add({ contig, position, ref }: Variant, score: AlleleScore): void {
    const strength = strengthOf(score)
    if (!strength) return
    this.scores++
    const least = this.#strongest.length < kept ? leastShown : most(this.#strongest[kept - 1])
    if (!(most({ strength }) > least)) return
    this.#strongest.push({ variant: { contig, position, ref }, score, strength })
    this.#strongest.sort((a, b) => most(b) - most(a))
    this.#strongest.length = Math.min(this.#strongest.length, kept)
  }

  /** The strongest changes, the strongest first, in the words of a VCF (1-based positions). */
  get strongest(): readonly StrongChange[] {
    return this.#strongest.map(({ variant, score, strength }) => ({
      contig: variant.contig,
      pos: variant.position + 1,
      ref: variant.ref,
      alt: score.alt,
      gene: score.gene,
      ...strength,
    }))
  }
}

const most = ({ strength }: Pick<Strong, 'strength'>): number => Math.abs(strength.score)

export interface StrongChange extends Strength {
  readonly contig: string
  readonly pos: number
  readonly ref: string
  readonly alt: string
  readonly gene: string
}
