import { ConfigError } from '../../src/errors.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { ModelInfo } from '../../src/model/model.ts'
import { tissueOf } from '../../src/model/splice/pangolin-readout.ts'
import type { GainAndLoss, TissueEffects } from './options.ts'
import type { Rule, RuleOptions } from './rule.ts'
import { alignToReference } from './scores.ts'

/**
 * Pangolin's rule (Zeng & Li 2022): the change of the probability of a splice site, whatever its kind, at each position from
 * `distance` bases before REF to as many after it, as the mean over a tissue's networks; over the tissues the largest gain and
 * the largest loss. What an insertion leads to is aligned for each network alone. The sequence is taken as it is, also outside
 * the gene.
 *
 * @throws ConfigError for SpliceAI's mask, and where the model has no probability of splice sites
 */
export function pangolinRule({ name, tracks }: ModelInfo, { distance, mask }: RuleOptions): Rule {
  const tissues = tracks.flatMap((track) => {
    const tissue = tissueOf(track.name)
    return tissue === undefined ? [] : [{ tissue, networks: track.ofNetworks ?? [track.name] }]
  })
  if (tissues.length === 0)
    throw new ConfigError({
      where: name,
      what: 'no model for variants: it was trained for usage alone',
      expected: 'networks that were trained for splice sites',
    })
  if (mask === 'boundary')
    throw new ConfigError({
      option: 'mask',
      what: "SpliceAI's mask does not apply to Pangolin",
      expected: 'sites',
      got: mask,
    })
  return {
    tracks: tissues.flatMap(({ networks }) => networks),
    compared: (position, refLength) => ({ start: position - distance, end: position + refLength + distance }),
    mostReferenceBases: 2 * distance,
    needsKnownBases: true,
    masksOutside: false,
    ordered: (genes) => [...genes].sort((a, b) => strandOrder(a) - strandOrder(b)),
    isDots: ({ refLength, alt }) => refLength > 1 && alt.length > 1 && refLength !== alt.length,
    compare(reference, alternate, { gene, position, refLength, alt }): { tissues: TissueEffects } {
      const count = 2 * distance + refLength
      const boundaries = mask === 'sites' ? boundariesOf(gene) : undefined
      const changes = tissues.map(({ networks }) => {
        const sums = new Float64Array(count)
        for (const network of networks) {
          const after = alignToReference(alternate[network], distance, refLength, alt.length, count)
          for (let i = 0; i < count; i++) sums[i] += after[i] - reference[network][i]
        }
        return sums.map((sum) => sum / networks.length)
      })
      /** The largest gain and loss of some tissues together. */
      const found = (some: readonly Float64Array[]): GainAndLoss => {
        const largest = (sign: 1 | -1): { value: number; index: number } => {
          let best = { value: Number.NEGATIVE_INFINITY, index: 0 }
          for (let i = 0; i < count; i++) {
            let value = Math.max(...some.map((change) => sign * change[i])) // NaN where one of them is
            // Gains at exon boundaries do not count, nor losses elsewhere.
            if (boundaries && boundaries.has(position - distance + i) === (sign === 1)) value = Math.min(value, 0)
            if (value > best.value) best = { value, index: i }
            else if (Number.isNaN(value)) return { value, index: i }
          }
          return best
        }
        const [gain, loss] = [largest(1), largest(-1)]
        return {
          gain: Math.fround(gain.value),
          gainOffset: gain.index - distance,
          loss: Math.fround(0 - loss.value),
          lossOffset: loss.index - distance,
        }
      }
      const byTissue = tissues.map(({ tissue }, k) => ({ tissue, ...found([changes[k]]) }))
      return { tissues: { ...found(changes), byTissue } }
    },
  }
}

const strandOrder = ({ strand }: Transcript): number => (strand === '+' ? 0 : 1)

/** First and last bases of exons, the transcript's own ends too; 0-based. */
const boundariesOf = ({ exonStarts, exonEnds }: Transcript): ReadonlySet<number> =>
  new Set([...exonStarts, ...exonEnds.map((end) => end - 1)])
