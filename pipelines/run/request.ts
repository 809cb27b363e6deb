import type { Strand } from '../../src/genome.ts'
import type { OutputFormat } from '../../src/io/output/formats.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import type { Pool } from '../embed/pool.ts'

/** What `embed` reads in place of tracks. */
export interface EmbeddingRequest {
  readonly layer: number
  readonly pool: Pool
}

/** One run of `predict`, or of `embed`, as a user asked for it, with every value checked. */
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
  /** Given: a run of `embed`. */
  readonly embedding?: EmbeddingRequest
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
