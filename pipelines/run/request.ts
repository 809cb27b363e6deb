import type { Strand } from '../../src/genome.ts'
import type { OutputFormat } from '../../src/io/output/formats.ts'
import type { Precision } from '../../src/kernels/precision.ts'

/** One run of `predict` as a user asked for it, with every value checked. */
export interface PredictRequest {
  readonly inputs: readonly string[]
  readonly models: readonly string[]
  readonly output?: string
  readonly format?: OutputFormat
  readonly regionTexts: readonly string[]
  readonly bedFiles: readonly string[]
  readonly strand?: Strand | 'both'
  readonly context?: number | 'full' | 'none'
  readonly tracks?: readonly string[]
  readonly device: 'auto' | 'gpu' | 'cpu'
  readonly filterLength?: number
  readonly frequencySparsity: number
  /** What was asked for; the backend says what it is. */
  readonly precision: Precision
  readonly chunk?: number
  readonly memory?: number
  readonly threads?: number
  readonly resume: boolean
}
