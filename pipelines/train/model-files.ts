import { receptiveFieldOf } from '../../src/model/receptive-field.ts'
import { writeSafetensors } from '../../src/model/weights/write-safetensors.ts'
import type { Tensors, TrainableArchitecture } from '../../src/training/architectures.ts'
import type { Accuracy, Interval } from './accuracy.ts'

/** What the card says of a training. */
export interface TrainingFacts {
  readonly name: string
  readonly architectureName: string
  readonly genomeName: string
  readonly genesName: string
  readonly startedFrom: string | undefined
  readonly geneCounts: { readonly training: number; readonly selection: number; readonly test: number }
  readonly siteCount: number
  readonly leftOutCount: number
  readonly holdOut: string
  readonly select: string
  readonly isSplitByUser: boolean
  readonly steps: number
  readonly chosenStep: number
  readonly positions: number
  readonly seconds: number
  readonly seed: number
  readonly device: string
  readonly version: string
  /** Of the genes held out; undefined where there are none. */
  readonly heldOut?: Readonly<
    Record<'acceptor' | 'donor', Accuracy & { topKInterval: Interval; precisionInterval: Interval }>
  >
}

/** The files of a model folder, by name. */
export function modelFiles(
  architecture: TrainableArchitecture,
  tensors: Tensors,
  facts: TrainingFacts,
): Record<string, string | Uint8Array> {
  const { left } = receptiveFieldOf(architecture)
  const shape =
    architecture.kind === 'openspliceai'
      ? { model_type: 'openspliceai', channels: architecture.channelCount, context: architecture.contextBases }
      : {
          model_type: 'genoconv-splice',
          d_model: architecture.modelWidth,
          stem_width: architecture.stemWidth,
          blocks: architecture.blocks,
          members: 1,
        }
  const config = {
    ...shape,
    tracks: ['neither', 'acceptor', 'donor'],
    receptive_field: { left, right: left },
    card: cardOf(facts, left),
  }
  return {
    'config.json': `${JSON.stringify(config, undefined, 1)}\n`,
    'model.safetensors': writeSafetensors(tensors),
    'README.md': readme(facts, left),
  }
}

const figure = (value: number, [low, high]: Interval): string =>
  `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`

function cardOf(facts: TrainingFacts, margin: number): Record<string, unknown> {
  const { heldOut } = facts
  return {
    name: facts.name,
    task: 'splice acceptor and donor, per base, of the strand that is read',
    receptive_field: `${2 * margin + 1} bases (${margin} left, ${margin} right)`,
    tracks: 'neither, acceptor (first base of an exon), donor (last base of an exon)',
    data: `${facts.genomeName}, genes of ${facts.genesName}; held out: ${facts.holdOut}; for choosing: ${facts.select}`,
    ...(heldOut
      ? {
          accuracy: (['acceptor', 'donor'] as const)
            .map((k) => `${k} top-k ${figure(heldOut[k].topK, heldOut[k].topKInterval)}`)
            .join(', '),
        }
      : {}),
    made_by: `genoconv train ${facts.version}`,
  }
}

function readme(facts: TrainingFacts, margin: number): string {
  const { heldOut, geneCounts: genes } = facts
  const rows = heldOut
    ? (['acceptor', 'donor'] as const).map((k) => {
        const a = heldOut[k]
        return `| ${k} | ${a.siteCount} | ${figure(a.topK, a.topKInterval)} | ${figure(a.averagePrecision, a.precisionInterval)} |`
      })
    : []
  const figures = heldOut
    ? `Genes of the held-out regions, all of their bases, as \`genoconv predict\` gives them. In brackets: 95 % intervals by drawing genes with
replacement.

| | sites | top-k | average precision |
|---|---|---|---|
${rows.join('\n')}`
    : 'No gene was held out: nothing is known of how it does on genes that it has not seen.'
  return `# ${facts.name}

A splice model: the probability of an acceptor (the first base of an exon) and of a donor (the last base of an exon) at every base of the
strand that is read. Made by \`genoconv train\` ${facts.version}; give this folder as the model.

## Accuracy

${figures}

## Data

- Sequence: ${facts.genomeName}. Genes: ${facts.genesName}, one transcript a gene.
- Trained on ${genes.training} genes with ${facts.siteCount} sites${facts.leftOutCount > 0 ? `; ${facts.leftOutCount} genes whose introns do not fit the sequence were left out` : ''}.
- Held out (${genes.test} genes): ${facts.holdOut}
- For choosing among steps (${genes.selection} genes): ${facts.select}
${facts.isSplitByUser ? '' : '- These regions were chosen by position alone. Homologues of their genes may be among the training genes, which makes the figures better\n  than they would be on unrelated genes.\n'}
## Network and training

- ${facts.architectureName}, ${margin} bases seen on each side; ${facts.startedFrom === undefined ? 'from nothing' : `started from ${facts.startedFrom}`}.
- ${facts.steps} steps, ${(facts.positions / 1e6).toFixed(1)} million positions, ${(facts.seconds / 3600).toFixed(2)} hours on ${facts.device}; seed ${facts.seed}.
  The weights are the moving average at step ${facts.chosenStep}, the best on the genes for choosing.
- \`metrics.jsonl\` has the losses and figures on the way.
`
}
