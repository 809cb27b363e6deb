import type { DeviceError } from '../../src/errors.ts'
import type { Strand } from '../../src/genome.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import type { TranscriptChoice } from '../../src/io/variants/annotation/transcript.ts'
import type { Model } from '../../src/model/model.ts'

/** What is to be scored: a position, the bases there, and what stands there instead. */
export interface Variant {
  readonly contig: string
  /** 0-based, of the first base of `ref`. */
  readonly position: number
  /** Bases of the reference, as VCF has them. */
  readonly ref: string
  /** As in VCF's ALT column: bases, or `.`, `*`, `<DEL>`, a breakend, which get a reason instead of a score. */
  readonly alts: readonly string[]
  /** What errors call it; default `contig:position`. */
  readonly where?: string
  /** Whether it is to be finished, with those before it, before another one is asked for. */
  readonly endsGroup?: boolean
}

export interface ScoreOptions {
  /** Genes to score within; `none`: both strands of the sequence as it is. Splice models need it, language models do not. */
  readonly genes?: Annotation | 'none'
  /** Which transcripts of a gene count. Default `canonical`: one a gene. */
  readonly transcripts?: TranscriptChoice
  /** Bases on each side of a variant in which a gain or loss is looked for. Default 50. */
  readonly distance?: number
  /**
   * `boundary`: SpliceAI's mask, by the exon boundary nearest to the variant; `sites`: at each position, gains of
   * annotated sites and losses elsewhere count 0 (Pangolin's mask, and the only one with its models).
   */
  readonly mask?: 'boundary' | 'sites'
  /**
   * Alleles whose REF and ALT both have several bases (with Pangolin: and are not of one length): scored, or without values
   * as in those programs. Default `scores`.
   */
  readonly mnv?: 'scores' | 'dots'
  /**
   * How an allele is written while it is scored: `asis`; `trim`: without the suffix that REF and ALT share, then without the
   * prefix; `left`: as far to the left as it can stand, as `bcftools norm` has it. Offsets count from the variant's own
   * position all the same. Default `asis`, as SpliceAI.
   */
  readonly normalize?: 'asis' | 'left' | 'trim'
  /** Of language models: bases on each side of an allele that are scored. Default: what the model was trained for. */
  readonly context?: number
  /** A variant outside its contig: an error, or the reason `bad-record`. Default `error`. */
  readonly onBadVariant?: 'error' | 'keep'
  /** Bytes that the model may use. Default 4 GiB. */
  readonly memory?: number
  /**
   * Rows of the output that an earlier run wrote, counted by `rowsOf`. Groups of variants that lie in them come out without
   * effects, and nothing is computed for them; the rest has the values of an undisturbed run, bit for bit.
   */
  readonly doneRows?: { readonly count: number; readonly rowsOf: (scored: ScoredVariant) => number }
  /** Asked when the device fails (lost, out of memory): what to score the rest with, if anything helps. */
  readonly onDeviceError?: ScoringRecovery
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ScoreProgress) => void
  /** Told, once each, of contigs that are matched with and without `chr`, and of those that are missing. */
  readonly onNote?: (text: string) => void
  /** What notes call the list of variants, e.g. the file's name. */
  readonly listName?: string
}

/** What scores, and the bytes that it may use; default as of `memory`. */
export interface ScoringPlace {
  readonly model: Model
  readonly memory?: number
}

/** Gives what to score the rest with after `error`; undefined where nothing would help. */
export type ScoringRecovery = (error: DeviceError, failed: ScoringPlace) => Promise<ScoringPlace | undefined>

export interface ScoreProgress {
  readonly contig: string
  readonly variantsDone: number
}

/** Why an allele has no score. */
export type SkipReason =
  | 'no-gene'
  | 'ref-mismatch'
  | 'symbolic'
  | 'star'
  | 'too-long'
  | 'contig-end'
  | 'no-contig'
  | 'bad-ref'
  | 'no-change'
  | 'bad-record'

/** The order of an allele's four scores. */
export const effectNames = ['acceptor gain', 'acceptor loss', 'donor gain', 'donor loss'] as const

/** What an allele changes in a gene. */
export interface AlleleScore {
  /** Place of the allele in `alts`. */
  readonly alleleIndex: number
  readonly alt: string
  /** Name of the gene; `.` where no gene was asked for. */
  readonly gene: string
  readonly transcript: string | undefined
  /** Of the gene; `+` for language models, which read both strands. */
  readonly strand: Strand
  /**
   * The largest gains and losses (acceptor gain, acceptor loss, donor gain, donor loss) and where they are, in bases from
   * the variant's position along the forward strand. Undefined with `mnv: 'dots'`, and for models of other families.
   */
  readonly effects?: Effects
  /** Of Pangolin's models; undefined with `mnv: 'dots'`. */
  readonly tissues?: TissueEffects
  /** Of language models. */
  readonly likelihood?: LikelihoodRatio
}

/** The largest gain (at least 0 but for masks) and loss (at most 0) of splicing and their offsets from the variant's position. */
export interface GainAndLoss {
  readonly gain: number
  readonly gainOffset: number
  readonly loss: number
  readonly lossOffset: number
}

/** Pangolin's values: over all tissues, and in each. */
export interface TissueEffects extends GainAndLoss {
  readonly byTissue: readonly ({ readonly tissue: string } & GainAndLoss)[]
}

/** Natural log of the likelihood of the stretch around an allele with ALT, less that with REF. */
export interface LikelihoodRatio {
  /** Read along the forward strand, and along the reverse complement. */
  readonly plus: number
  readonly minus: number
  readonly mean: number
}

type Four = readonly [number, number, number, number]

/** Four of each, in the order of `effectNames`. */
export interface Effects {
  readonly scores: Four
  readonly offsets: Four
  /** Probabilities of the kind of site at the four positions, in the reference. */
  readonly reference: Four
  /** The same with the allele. */
  readonly alternate: Four
}

export interface ScoredVariant<V extends Variant = Variant> {
  readonly variant: V
  /** Alleles first, then genes in the order of the annotation. */
  readonly scores: readonly AlleleScore[]
  /** Alleles without a score. */
  readonly skipped: readonly { readonly alt: string; readonly reason: SkipReason }[]
}
