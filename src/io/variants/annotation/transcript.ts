import type { Strand } from '../../../genome.ts'

/** A transcript, or a gene as one: what SpliceAI calls a gene. Coordinates 0-based, half-open, forward strand. */
export interface Transcript {
  /** What is written as SYMBOL. */
  readonly gene: string
  /** The transcript's own id, where the annotation has one. */
  readonly id: string | undefined
  readonly contig: string
  readonly strand: Strand
  readonly start: number
  readonly end: number
  /** In ascending order; may be empty in a table without exons. */
  readonly exonStarts: readonly number[]
  readonly exonEnds: readonly number[]
}

/** A transcript as an annotation file has it, with what the choice among a gene's transcripts goes by. */
export interface AnnotatedTranscript extends Transcript {
  /** Transcripts of one key are of one gene. */
  readonly geneKey: string
  /** 2: MANE Select; 1: the annotation's own choice (Ensembl canonical, RefSeq Select); 0: none. */
  readonly rank: number
  readonly codingBases: number
}

const exonBases = ({ exonStarts, exonEnds }: Transcript): number =>
  exonStarts.reduce((sum, start, i) => sum + exonEnds[i] - start, 0)

/** Which transcripts of each gene are scored: one (`canonical`), `all`, or those named. */
export type TranscriptChoice = 'canonical' | 'all' | readonly string[]

/**
 * The chosen transcripts, in the order of the file. `canonical`: the one tagged MANE Select, else Ensembl canonical or
 * RefSeq Select, else that with the longest coding sequence, then with the most exon bases, then the first. Names match
 * with and without their version (`ENST00000375454.8`).
 */
export function chooseTranscripts(
  transcripts: readonly AnnotatedTranscript[],
  choice: TranscriptChoice,
): readonly Transcript[] {
  if (choice === 'all') return transcripts
  if (choice !== 'canonical') {
    const wanted = new Set(choice)
    return transcripts.filter(({ id }) => id !== undefined && (wanted.has(id) || wanted.has(id.replace(/\.\d+$/, ''))))
  }
  const best = new Map<string, AnnotatedTranscript>()
  for (const transcript of transcripts) {
    const other = best.get(transcript.geneKey)
    if (!other || isBetter(transcript, other)) best.set(transcript.geneKey, transcript)
  }
  return transcripts.filter((transcript) => best.get(transcript.geneKey) === transcript)
}

function isBetter(a: AnnotatedTranscript, b: AnnotatedTranscript): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank
  if (a.codingBases !== b.codingBases) return a.codingBases > b.codingBases
  return exonBases(a) > exonBases(b)
}
