import { Random } from '../../src/training/random.ts'

/** Scores of one kind of site over the positions of some genes. */
export interface Scores {
  readonly values: Float32Array
  /** Of the true sites, ascending places in `values`. */
  readonly sites: Int32Array
  /** Where each gene begins in `values`, and the end of the last. */
  readonly geneStarts: Int32Array
}

export interface Accuracy {
  readonly siteCount: number
  /** Of the k highest scores, the share that are sites; k is the number of sites. */
  readonly topK: number
  readonly averagePrecision: number
}

interface Candidate {
  readonly score: number
  readonly gene: number
  readonly isSite: boolean
}

/** Positions below this are no candidates, unless they are sites: no list of the k best reaches so far down. */
const leastScore = 1e-4

/** Equal scores: those that are no site come first, so that a tie is never an advantage. */
function candidates({ values, sites, geneStarts }: Scores): Candidate[] {
  const found: Candidate[] = []
  let nextSite = 0
  for (let gene = 0; gene + 1 < geneStarts.length; gene++) {
    for (let p = geneStarts[gene]; p < geneStarts[gene + 1]; p++) {
      const isSite = sites[nextSite] === p
      if (isSite) nextSite++
      if (isSite || values[p] >= leastScore) found.push({ score: values[p], gene, isSite })
    }
  }
  return found.sort((a, b) => b.score - a.score || Number(a.isSite) - Number(b.isSite))
}

function accuracyOf(ranked: readonly Candidate[], counts?: Int32Array): Accuracy {
  let siteCount = 0
  for (const { gene, isSite } of ranked) if (isSite) siteCount += counts ? counts[gene] : 1
  let [rank, hits, top, precision] = [0, 0, 0, 0]
  for (const { gene, isSite } of ranked) {
    const times = counts ? counts[gene] : 1
    for (let n = 0; n < times; n++) {
      rank++
      if (!isSite) continue
      hits++
      precision += hits / rank
      if (rank <= siteCount) top++
    }
  }
  return { siteCount, topK: siteCount ? top / siteCount : 0, averagePrecision: siteCount ? precision / siteCount : 0 }
}

/** Top-k accuracy and average precision over all positions of all genes together. */
export const accuracy = (scores: Scores): Accuracy => accuracyOf(candidates(scores))

export type Interval = readonly [number, number]
const draws = 300

/** 95 % intervals by drawing genes with replacement. */
export function intervals(scores: Scores, seed: number): { topK: Interval; averagePrecision: Interval } {
  const ranked = candidates(scores)
  const geneCount = scores.geneStarts.length - 1
  const random = new Random(seed)
  const found = Array.from({ length: draws }, () => {
    const counts = new Int32Array(geneCount)
    for (let k = 0; k < geneCount; k++) counts[random.whole(0, geneCount)]++
    return accuracyOf(ranked, counts)
  })
  const interval = (value: (a: Accuracy) => number): Interval => {
    const sorted = found.map(value).sort((a, b) => a - b)
    return [sorted[Math.floor(0.025 * draws)], sorted[Math.ceil(0.975 * draws) - 1]]
  }
  return { topK: interval((a) => a.topK), averagePrecision: interval((a) => a.averagePrecision) }
}
