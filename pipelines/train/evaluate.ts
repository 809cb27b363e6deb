import type { Genome } from '../../src/genome.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import { createModel } from '../../src/model/create-model.ts'
import type { Tensors, TrainableArchitecture } from '../../src/training/architectures.ts'
import type { Random } from '../../src/training/random.ts'
import { type Anchor, siteMask, type TrainingData, unknownBase, visibleBit } from '../../src/training/training-data.ts'
import { predict } from '../predict.ts'
import { type Accuracy, accuracy, type Scores } from './accuracy.ts'
import { sitesOf } from './data.ts'

export interface Evaluation {
  readonly acceptor: Accuracy
  readonly donor: Accuracy
}

/** Weights that are to be tried out, and where. */
export interface Trial {
  readonly backend: Backend
  readonly genome: Genome
  readonly architecture: TrainableArchitecture
  readonly tensors: Tensors
  readonly signal?: AbortSignal
}

/** Of both kinds of site, over all bases of the genes, as `predict` gives them. */
export async function scoresOf(trial: Trial, genes: readonly Transcript[]): Promise<[acceptor: Scores, donor: Scores]> {
  const geneStarts = new Int32Array(genes.length + 1)
  for (const [i, { start, end }] of genes.entries()) geneStarts[i + 1] = geneStarts[i] + end - start
  const make = (kind: 1 | 2): Scores => ({
    values: new Float32Array(geneStarts[genes.length]),
    geneStarts,
    sites: Int32Array.from(
      genes.flatMap((gene, i) =>
        [...new Set(sitesOf(gene).flatMap((site) => (site.kind === kind ? [site.position] : [])))]
          .sort((a, b) => a - b)
          .map((position) => geneStarts[i] + position - gene.start),
      ),
    ),
  })
  const scores: [Scores, Scores] = [make(1), make(2)]
  for await (const { regionIndex, start, acceptor, donor } of predicted(trial, genes)) {
    const at = geneStarts[regionIndex] + start - genes[regionIndex].start
    scores[0].values.set(acceptor, at)
    scores[1].values.set(donor, at)
  }
  return scores
}

export async function evaluate(trial: Trial, genes: readonly Transcript[]): Promise<Evaluation> {
  const [acceptor, donor] = await scoresOf(trial, genes)
  return { acceptor: accuracy(acceptor), donor: accuracy(donor) }
}

/** What choosing goes by. */
export const meanPrecision = ({ acceptor, donor }: Evaluation): number =>
  (acceptor.averagePrecision + donor.averagePrecision) / 2

async function* predicted(
  { backend, genome, architecture, tensors, signal }: Trial,
  genes: readonly { contig: string; strand: '+' | '-'; start: number; end: number }[],
) {
  const model = createModel([{ name: 'in training', architecture, tensors, sha256: '' }], backend)
  try {
    const regions = genes.map(({ contig, strand, start, end }) => ({ contig, strand, start, end }))
    if (regions.length === 0) return
    for await (const { region, regionIndex, tracks } of predict(model, genome, { regions, signal }))
      yield { regionIndex, start: region.start, acceptor: tracks['acceptor'], donor: tracks['donor'] }
  } finally {
    model.close()
  }
}

const decoyScore = 0.05
const minedBases = 1_000_000
const longestMined = 300_000

/** Places in training genes, drawn at random, that the model takes for sites and that are none. */
export async function mineDecoys(trial: Trial, data: TrainingData, random: Random): Promise<Anchor[]> {
  const usable = data.genes.filter(({ start, end }) => end - start <= longestMined)
  const drawn = new Set<(typeof usable)[number]>()
  for (let bases = 0, tries = 0; bases < minedBases && tries < usable.length; tries++) {
    const gene = usable[random.whole(0, usable.length)]
    if (drawn.has(gene)) continue
    drawn.add(gene)
    bases += gene.end - gene.start
  }
  const genes = [...drawn].map((gene) => {
    const { contig, start } = data.stretches[gene.stretch]
    return { ...gene, contig, start: gene.start + start, end: gene.end + start }
  })
  const decoys: Anchor[] = []
  for await (const { regionIndex, start, acceptor, donor } of predicted(trial, genes)) {
    const { stretch, strand } = genes[regionIndex]
    const { start: offset, targets, codes } = data.stretches[stretch]
    for (const [kind, values] of [
      [1, acceptor],
      [2, donor],
    ] as const) {
      for (let i = 0; i < values.length; i++) {
        if (values[i] <= decoyScore) continue
        const position = start + i - offset
        const target = targets[strand][position]
        if (target & visibleBit && (target & siteMask) !== kind && codes[position] !== unknownBase)
          decoys.push({ stretch, strand, position })
      }
    }
  }
  return decoys
}
