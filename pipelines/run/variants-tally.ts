import type { AlleleScore, ScoredVariant, Variant } from '../variants/options.ts'
import { effectNames } from '../variants/options.ts'

interface Strong {
  readonly variant: Pick<Variant, 'contig' | 'position' | 'ref'>
  readonly score: AlleleScore
  readonly most: number
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
    if (!score.effects) return
    this.scores++
    const most = Math.max(...score.effects.scores)
    const least = this.#strongest.length < kept ? leastShown : this.#strongest[kept - 1].most
    if (!(most > least)) return
    this.#strongest.push({ variant: { contig, position, ref }, score, most })
    this.#strongest.sort((a, b) => b.most - a.most)
    this.#strongest.length = Math.min(this.#strongest.length, kept)
  }

  /** The strongest changes, the strongest first, in the words of a VCF (1-based positions). */
  get strongest(): readonly StrongChange[] {
    return this.#strongest.map(({ variant, score, most }) => {
      const k = score.effects!.scores.indexOf(most)
      return {
        contig: variant.contig,
        pos: variant.position + 1,
        ref: variant.ref,
        alt: score.alt,
        gene: score.gene,
        effect: effectNames[k],
        score: most,
        offset: score.effects!.offsets[k],
      }
    })
  }
}

export interface StrongChange {
  readonly contig: string
  readonly pos: number
  readonly ref: string
  readonly alt: string
  readonly gene: string
  readonly effect: (typeof effectNames)[number]
  readonly score: number
  readonly offset: number
}
