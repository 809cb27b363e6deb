import type { Backend } from '../kernels/backend.ts'
import type { EditRunner } from './edit.ts'
import type { BlockCut } from './hyena/run-shape.ts'
import type { Piece } from './piece.ts'
import type { ReceptiveField } from './receptive-field.ts'

export type { Piece } from './piece.ts'

/** A column of the output. */
export interface Track {
  readonly name: string
  /** Computed where no tracks are named. */
  readonly isDefault: boolean
  readonly description: string
  /**
   * Where it is a mean over some of an ensemble's networks: names by which `run` and the like give the values of each of these
   * networks alone. They are no columns.
   */
  readonly ofNetworks?: readonly string[]
}

/** What is known of a model without running it; shown to users and written into outputs. */
export interface ModelInfo {
  /** As the user would type it, e.g. `splice`, `LongSafari/hyenadna-tiny-1k-seqlen-hf` or a file's name. */
  readonly name: string
  readonly family: 'splice' | 'language'
  /** One line, e.g. `HyenaDNA, 2 layers of 128 channels, filters of 1,026 taps`. */
  readonly architecture: string
  /** Bases on each side that a position's prediction depends on; `left` is Infinity where a causal filter covers everything. */
  readonly receptiveField: ReceptiveField
  readonly tracks: readonly Track[]
  /** Of language models: bases of the sequences they were trained on. */
  readonly trainedBases?: number
  readonly parameterCount: number
  /** SHA-256 of the weights file (of the members' hashes joined, for an ensemble), lower-case hex. */
  readonly sha256: string
  readonly memberCount: number
  /** Of a model that `atLayer` gave: what is read. Its tracks are the channels. */
  readonly layer?: number
}

/** What is to be run: everything that changes the numbers or the memory. */
export interface RunRequest {
  /** Names of the tracks to compute. */
  readonly tracks: readonly string[]
  /** Bases to predict; Infinity where the source decides. */
  readonly length: number
  /** Bases of real sequence that come before and after them in the source; beyond those lies padding. */
  readonly leftContext: number
  readonly rightContext: number
  /** Bases computed at a time; never changes the result beyond rounding. Default: chosen from memoryBytes. */
  readonly chunkBases?: number
  readonly memoryBytes: number
}

/** How a run is done, as data: a function of the model and of `request` alone. */
export interface RunPlan {
  readonly request: RunRequest
  readonly chunkBases: number
  /** Bytes the run needs at its peak, weights and filters included. */
  readonly memoryBytes: number
  /** Lines for people: windows or blocks, halo, FFT plans. */
  readonly lines: readonly string[]
  /** Of a causal model: how blocks are computed. */
  readonly blocks?: BlockCut
  /** Expected seconds a base of what a short trial would not see: filters as long as the run. */
  readonly filterSecondsPerBase?: number
}

/** What changes neither a plan nor a value. */
export interface RunControl {
  /**
   * Bases at the front whose values are not wanted again (a resumed run): what can be skipped is not computed, and values
   * may start anywhere at or before this base. All other values are bit for bit those of a whole run.
   */
  readonly doneBases?: number
  /** Checked before each chunk is computed. */
  readonly signal?: AbortSignal
}

/** Values for core positions [start, start + length of each track). */
export interface TrackValues {
  readonly start: number
  readonly tracks: Readonly<Record<string, Float32Array>>
}

/**
 * A model on a backend. It reads a sequence 5' to 3' and knows nothing of contigs or strands: for the minus strand the
 * caller gives the reverse complement and turns the tracks around.
 */
export interface Model {
  readonly info: ModelInfo
  readonly backend: Backend
  /** @throws LimitError with the bytes needed where even the smallest chunk does not fit `memoryBytes` */
  plan(request: RunRequest): RunPlan
  /**
   * `source` gives leftContext + length + rightContext ASCII letters in pieces of any size. Yields values in ascending
   * order, each core position exactly once; memory is bounded by the chunk (and the model's history), not by length.
   */
  run(source: AsyncIterable<Uint8Array>, plan: RunPlan, control?: RunControl): AsyncGenerator<TrackValues>
  /**
   * Predicts many short pieces in one go; gives each piece's tracks, in order, equal to those of a `run` of its own
   * within rounding. Everything is queued before it returns, so that the next call can be made before this one's
   * promise is awaited. Memory grows with the sum of the pieces and their padding: the caller bounds it.
   */
  runPieces(
    pieces: readonly Piece[],
    options: { readonly tracks: readonly string[]; readonly memoryBytes: number },
  ): Promise<Readonly<Record<string, Float32Array>>[]>
  /**
   * The same weights, read out at a layer: the tracks are the channels of the state there, one value per base. Of an ensemble
   * its first member: the others' channels mean other things. A model of its own, to be closed by who asked for it; this
   * one stays as it is.
   *
   * @param layer `-1`: the state before the head; 0: before the first layer; `i`: after layer `i`
   * @throws ConfigError for a layer that there is not
   */
  atLayer(layer: number): Model
  /** Given where edits of a piece cost less than whole pieces of their own: they are run against the piece's kept activations. */
  readonly edits?: EditRunner
  close(): void
}
