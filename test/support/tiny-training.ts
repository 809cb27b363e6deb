import { modelFiles } from '../../pipelines/train/model-files.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import { auxiliaryPrefix, freshTensors, type TrainableArchitecture } from '../../src/training/architectures.ts'
import { Random } from '../../src/training/random.ts'

const geneCount = 12
const geneBases = 4000

export interface TrainingWorld {
  readonly letters: string
  readonly genes: Annotation
  /** The same genes as a table in SpliceAI's form. */
  readonly table: string
}

/** Genes of three exons one after the other, on contig c1; introns begin with GT and end with AG, unless they shall not fit. */
export function trainingWorld({ fits = true } = {}): TrainingWorld {
  const random = new Random(7)
  const letters: string[] = Array.from({ length: geneCount * geneBases }, () => 'ACGT'[random.whole(0, 4)])
  const transcripts = Array.from({ length: geneCount }, (_, g) => {
    const start = g * geneBases + 200
    const exonStarts = [start, start + 900, start + 2200]
    const exonEnds = [start + 300, start + 1100, start + 2600]
    for (let k = 0; k < 2; k++) {
      const [from, to] = [exonEnds[k], exonStarts[k + 1]]
      const ends = fits ? 'GTAG' : 'CCCC'
      for (const [i, at] of [from, from + 1, to - 2, to - 1].entries()) letters[at] = ends[i]
    }
    const common = { id: `t${g}`, contig: 'c1', strand: '+' as const, start, end: start + 2600 }
    return { ...common, gene: `g${g}`, geneKey: `g${g}`, exonStarts, exonEnds, rank: 0, codingBases: 0 }
  })
  const list = (values: readonly number[]): string => values.map((v) => `${v},`).join('')
  const rows = transcripts.map(
    ({ gene, contig, strand, start, end, exonStarts, exonEnds }) =>
      `${gene}\t${contig}\t${strand}\t${start}\t${end}\t${list(exonStarts)}\t${list(exonEnds)}\n`,
  )
  return {
    letters: letters.join(''),
    genes: { name: 'genes.tsv', transcripts, contigAliases: new Map() },
    table: `#NAME\tCHROM\tSTRAND\tTX_START\tTX_END\tEXON_START\tEXON_END\n${rows.join('')}`,
  }
}

/** The files of a splice model so small that a step of its training takes some hundredths of a second. */
export function tinyModelFiles(): Record<string, string | Uint8Array> {
  const architecture: TrainableArchitecture = {
    kind: 'splice-hyena',
    modelWidth: 4,
    stemWidth: 3,
    blocks: [{ type: 'conv', width: 3, dilation: 1 }],
  }
  const tensors = [...freshTensors(architecture, new Random(2))].filter(([name]) => !name.startsWith(auxiliaryPrefix))
  return modelFiles(architecture, new Map(tensors), {
    name: 'tiny',
    architectureName: 'tiny',
    genomeName: 'none',
    genesName: 'none',
    startedFrom: undefined,
    geneCounts: { training: 0, selection: 0, test: 0 },
    siteCount: 0,
    leftOutCount: 0,
    holdOut: 'none',
    select: 'none',
    isSplitByUser: true,
    steps: 0,
    chosenStep: 0,
    positions: 0,
    seconds: 0,
    seed: 2,
    device: 'none',
    version: '0',
  })
}
