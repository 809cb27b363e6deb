import type { Effects } from './options.ts'
import type { Rule, RuleOptions } from './rule.ts'
import { alignToReference, effectsOf } from './scores.ts'

/** SpliceAI's rule: gains and losses of acceptors and donors, in a window that ends `distance` bases after POS. */
export function spliceRule({ distance, halo, mask }: RuleOptions): Rule {
  return {
    tracks: ['acceptor', 'donor'],
    compared: (position) => ({ start: position - distance, end: position + distance + 1 }),
    // A window with a small context may not hold all of a long REF.
    needsKnownBases: false,
    mostReferenceBases: Math.min(2 * distance, distance + 1 + halo),
    masksOutside: true,
    ordered: (genes) => genes,
    isDots: ({ refLength, alt }) => refLength > 1 && alt.length > 1,
    compare(reference, alternate, { gene, position, refLength, alt }): { effects: Effects } {
      const align = (name: string): Float32Array => alignToReference(alternate[name], distance, refLength, alt.length)
      const effects = effectsOf(
        { acceptor: reference['acceptor'], donor: reference['donor'] },
        { acceptor: align('acceptor'), donor: align('donor') },
        { position, distance, gene, mask },
      )
      return { effects }
    },
  }
}
