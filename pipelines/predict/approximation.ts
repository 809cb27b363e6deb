import type { Genome, Region } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import type { PredictOptions } from '../predict/options.ts'
import { predict } from '../predict.ts'

/** Bases at the front of the first record or region that an approximation is judged on. */
const judgedBases = 65_536

/** How far an approximate model (shortened filters, a sparse spectrum) is from the exact one. */
export interface ApproximationReport {
  readonly bases: number
  /** Language models: mean log-likelihood, exact and approximate. */
  readonly meanLogLikelihood?: { readonly exact: number; readonly approximate: number }
  /** Mean and largest absolute difference: of log-likelihoods, or of acceptor and donor probabilities. */
  readonly meanDifference: number
  readonly largestDifference: number
}

/**
 * Runs both models on the first bases that `options` ask for and compares them. Undefined for streamed inputs, which can
 * be read only once.
 */
export async function judgeApproximation(
  exact: Model,
  approximate: Model,
  genomes: readonly Genome[],
  options: PredictOptions,
): Promise<ApproximationReport | undefined> {
  const region = await firstRegion(genomes, options)
  if (!region) return undefined
  const tracks = exact.info.family === 'language' ? ['log_likelihood'] : ['acceptor', 'donor']
  const strand = options.strand === 'both' ? '+' : options.strand
  const judged: PredictOptions = {
    ...options,
    regions: [region],
    strand,
    tracks,
    onProgress: undefined,
    chunk: undefined,
  }
  const valuesOf = async (model: Model): Promise<Float32Array> => {
    const values: number[] = []
    for await (const batch of predict(model, genomes, judged))
      for (const name of tracks) values.push(...Array.from(batch.tracks[name]))
    return Float32Array.from(values)
  }
  const [e, a] = [await valuesOf(exact), await valuesOf(approximate)]
  const mean = (values: Float32Array): number => {
    const known = values.filter((v) => !Number.isNaN(v))
    return known.reduce((sum, v) => sum + v, 0) / Math.max(1, known.length)
  }
  const differences = e.map((v, i) => Math.abs(v - a[i]))
  return {
    bases: region.end - region.start,
    ...(exact.info.family === 'language' && { meanLogLikelihood: { exact: mean(e), approximate: mean(a) } }),
    meanDifference: mean(differences),
    largestDifference: differences.reduce((worst, v) => Math.max(worst, v || 0), 0),
  }
}

/** One line for people. */
export function describeApproximation({
  bases,
  meanLogLikelihood,
  meanDifference,
  largestDifference,
}: ApproximationReport): string {
  const what = `on the first ${bases.toLocaleString('en')} bases, against the whole filters: `
  const change = `mean difference ${meanDifference.toExponential(1)}, largest ${largestDifference.toExponential(1)}`
  if (!meanLogLikelihood) return `${what}probabilities change, ${change}`
  const { exact, approximate } = meanLogLikelihood
  return `${what}mean log-likelihood ${exact.toFixed(4)} becomes ${approximate.toFixed(4)} (${change})`
}

async function firstRegion(
  genomes: readonly Genome[],
  { regions, signal }: PredictOptions,
): Promise<Region | undefined> {
  const first = regions?.[0]
  if (first) return { ...first, end: Math.min(first.end, first.start + judgedBases) }
  const genome = genomes[0]
  if (!genome?.isRandomAccess) return undefined
  const contig = (await genome.contigs(signal)).find(({ length }) => length > 0)
  return contig && { contig: contig.name, start: 0, end: Math.min(contig.length, judgedBases) }
}
