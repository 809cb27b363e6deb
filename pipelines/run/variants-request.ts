import type { TranscriptChoice } from '../../src/io/variants/annotation/transcript.ts'
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
