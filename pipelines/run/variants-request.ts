import { openGenes } from '../../src/io/variants/annotation/open-genes.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import type { TranscriptChoice } from '../../src/io/variants/annotation/transcript.ts'
import type { ScoreOptions } from '../variants/options.ts'
import type { PredictRequest } from './request.ts'

/** Extensions by format; the first that fits an output's name counts. */
export const variantFormats = {
  'vcf.gz': ['.vcf.gz', '.vcf.bgz'],
  vcf: ['.vcf'],
  tsv: ['.tsv'],
  arrow: ['.arrow', '.feather', '.ipc'],
  parquet: ['.parquet'],
} as const
export type VariantFormat = keyof typeof variantFormats

/** Decimals of scores in a VCF. */
export const mostDigits = 9

/** Whether `name` can be that of an INFO field. */
export const isInfoId = (name: string): boolean => /^[A-Za-z_][0-9A-Za-z_.]*$/.test(name)

type Shared =
  | 'models'
  | 'output'
  | 'device'
  | 'precision'
  | 'memory'
  | 'threads'
  | 'regionTexts'
  | 'bedFiles'
  | 'resume'

/** One run of `variants` as a user asked for it, with every value checked. */
export interface VariantsRequest extends Pick<PredictRequest, Shared> {
  readonly fasta: string
  /** Undefined where every small change of the regions is scored instead. */
  readonly vcf?: string
  readonly everySnv: boolean
  readonly everyIndel: boolean
  readonly format?: VariantFormat
  /** A path, or `none`. */
  readonly genes?: string
  readonly transcripts: TranscriptChoice
  readonly distance: number
  /** Of language models. */
  readonly context?: number
  readonly mask?: 'boundary' | 'sites'
  readonly mnv: 'scores' | 'dots'
  readonly normalize: 'asis' | 'left' | 'trim'
  /** Whether the probabilities that the scores are differences of are written too. */
  readonly raw: boolean
  readonly digits: number
  readonly infoId: string
  readonly replace: boolean
  readonly givesReasons: boolean
  readonly onBadRecord: 'error' | 'keep'
}

/** The genes that a run is asked to score within; undefined where none are named. */
export async function readAnnotation(
  { genes }: Pick<VariantsRequest, 'genes'>,
  signal?: AbortSignal,
): Promise<Annotation | 'none' | undefined> {
  return genes === 'none' || genes === undefined ? genes : openGenes(genes, { signal })
}

/** What `scoreVariants` is asked for, but for what this machine gives. */
export const scoreOptions = (request: VariantsRequest, genes: Annotation | 'none' | undefined): ScoreOptions => ({
  genes,
  transcripts: request.transcripts,
  distance: request.distance,
  context: request.context,
  mask: request.mask,
  mnv: request.mnv,
  normalize: request.normalize,
  onBadVariant: request.onBadRecord,
})
