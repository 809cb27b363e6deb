import type { Genome, Region } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { predict } from '../predict.ts'
import type { PredictOptions } from './options.ts'

/** Bases at the front of the first record or region that an approximation is judged on. */
const judgedBases = 65_536

/** How far an approximate model (shortened filters, a sparse spectrum) is from the exact one. */
export interface ApproximationReport {
  readonly bases: number
  /** Language models: mean log-likelihood, exact and approximate. */
  readonly meanLogLikelihood?: { readonly exact: number; readonly approximate: number }
  readonly ofWhat: 'log-likelihoods' | 'probabilities' | 'embeddings'
  /** Mean and largest absolute difference of those; of probabilities, acceptor's and donor's. */
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
  const isLanguage = exact.info.family === 'language' && exact.info.layer === undefined
  const states = exact.info.layer !== undefined && exact.info.tracks.map(({ name }) => name)
  const tracks = states || (isLanguage ? ['log_likelihood'] : ['acceptor', 'donor'])
  const strand = options.strand === 'both' ? '+' : options.strand
  const judged = {
    ...options,
    plan: undefined,
    regions: [region],
    strand,
    tracks,
    onProgress: undefined,
    chunk: undefined,
  }
  const [e, a] = [await valuesOf(exact, genomes, region, judged), await valuesOf(approximate, genomes, region, judged)]
  const mean = (values: Float32Array): number => {
    const known = values.filter((v) => !Number.isNaN(v))
    return known.reduce((sum, v) => sum + v, 0) / Math.max(1, known.length)
  }
  const differences = e.map((v, i) => Math.abs(v - a[i]))
  return {
    bases: region.end - region.start,
    ofWhat: isLanguage ? 'log-likelihoods' : states ? 'embeddings' : 'probabilities',
    ...(isLanguage && { meanLogLikelihood: { exact: mean(e), approximate: mean(a) } }),
    meanDifference: mean(differences),
    largestDifference: differences.reduce((worst, v) => Math.max(worst, v || 0), 0),
  }
}

/** The tracks' values of `region`, track by track, each at its position whatever batches they come in. */
async function valuesOf(
  model: Model,
  genomes: readonly Genome[],
  region: Region,
  options: PredictOptions & { readonly tracks: readonly string[] },
): Promise<Float32Array> {
  const length = region.end - region.start
  const values = new Float32Array(options.tracks.length * length)
  for await (const { region: piece, tracks } of predict(model, genomes, options))
    for (const [k, name] of options.tracks.entries()) values.set(tracks[name], k * length + piece.start - region.start)
  return values
}

/** One line for people. */
export function describeApproximation({
  bases,
  ofWhat,
  meanLogLikelihood,
  meanDifference,
  largestDifference,
}: ApproximationReport): string {
  const what = `on the first ${bases.toLocaleString('en')} bases, against the whole filters: `
  const change = `mean difference ${meanDifference.toExponential(1)}, largest ${largestDifference.toExponential(1)}`
  if (!meanLogLikelihood) return `${what}${ofWhat} change, ${change}`
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
