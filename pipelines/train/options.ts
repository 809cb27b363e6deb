import type { Region } from '../../src/genome.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Checkpoint } from '../../src/model/checkpoint.ts'
import type { ArchitectureName } from '../../src/training/architectures.ts'
import type { Evaluation } from './evaluate.ts'

export interface TrainOptions {
  readonly backend: Backend
  /** The folder to write, which must not exist. */
  readonly output: string
  /** Default `splice`; not with `from`. */
  readonly architecture?: ArchitectureName
  /** Weights to start at, instead of fresh ones. */
  readonly from?: Checkpoint
  /** Never trained on; genes wholly inside test the model. Default: a tenth of each contig's genes. */
  readonly holdOut?: readonly Region[]
  /** Never trained on; genes wholly inside choose among steps. Default: another tenth. */
  readonly select?: readonly Region[]
  /** How long it trains: hours, or steps. Default: two hours. */
  readonly hours?: number
  readonly steps?: number
  /** Default 1. */
  readonly seed?: number
  /** Continue the training that was interrupted, with the same options. */
  readonly resume?: boolean
  /** Seconds between two states that a training which is killed resumes from. Default 120; 0: after each step. */
  readonly saveSeconds?: number
  /** Files that are read, none of which may lie in the output. */
  readonly inputs?: readonly string[]
  /** Bytes to stay within. */
  readonly memory?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TrainProgress) => void
  /** Told what a user should know: genes left out, contigs without genes, the split. */
  readonly onNote?: (text: string) => void
}

export interface TrainProgress {
  readonly step: number
  /** Of the whole training, 0 to 1. */
  readonly done: number
  /** Mean cross-entropy of the last steps. */
  readonly loss: number
  readonly positionsPerSecond: number
  /** On the genes for choosing, when it was last measured. */
  readonly selection?: Evaluation
}

export interface TrainResult {
  readonly output: string
  readonly steps: number
  readonly positions: number
  readonly seconds: number
  /** Step whose weights were written. */
  readonly chosenStep: number
  /** On the genes held out. */
  readonly heldOut?: Evaluation
}
