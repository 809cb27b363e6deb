import type { Backend } from '../kernels/backend.ts'

/** A column of the output. */
export interface Track {
  readonly name: string
  /** Written when `--tracks` is not given. */
  readonly isDefault: boolean
  readonly description: string
}

/** What is known of a model without running it; printed by `models info` and `--dry-run`, and written into outputs. */
export interface ModelInfo {
  /** As the user would type it, e.g. `splice`, `LongSafari/hyenadna-tiny-1k-seqlen-hf` or a file's name. */
  readonly name: string
  readonly family: 'splice' | 'language'
  /** One line, e.g. `HyenaDNA, 2 layers of 128 channels, filters of 1,026 taps`. */
  readonly architecture: string
  /** Bases on each side that a position's prediction depends on; `left` is Infinity where a causal filter covers everything. */
  readonly receptiveField: { readonly left: number; readonly right: number }
  readonly tracks: readonly Track[]
  readonly parameterCount: number
  /** SHA-256 of the weights file (of the members' hashes joined, for an ensemble), lower-case hex. */
  readonly sha256: string
  readonly memberCount: number
}

/** Everything that changes the numbers or the memory of a run. */
export interface RunOptions {
  /** Names of the tracks to compute. */
  readonly tracks: readonly string[]
  /** Bases to predict. */
  readonly length: number
  /** Bases of real sequence that come before and after them in the source; beyond those lies padding. */
  readonly leftContext: number
  readonly rightContext: number
  /** Bases computed at a time; never changes the result beyond rounding. Default: chosen from memoryBytes. */
  readonly chunkBases?: number
  readonly memoryBytes: number
  /**
   * Bases at the front whose values are not wanted again (a run that goes on where another stopped): what can be skipped
   * is not computed, and values may start anywhere at or before this base. All other values are bit for bit those of a
   * whole run.
   */
  readonly doneBases?: number
  /** Checked before each chunk is computed. */
  readonly signal?: AbortSignal
}

/** How a run would be done, as data, for `--dry-run`. */
export interface RunPlan {
  readonly chunkBases: number
  /** Bytes the run needs at its peak, weights and filters included. */
  readonly memoryBytes: number
  /** Lines for people: windows or blocks, halo, FFT plans. */
  readonly lines: readonly string[]
  /** Expected seconds a base of what a short trial would not see: filters as long as the run. */
  readonly filterSecondsPerBase?: number
}

/** Values for core positions [start, start + length of each track). */
export interface TrackValues {
  readonly start: number
  readonly tracks: Readonly<Record<string, Float32Array>>
}

/** A short stretch of sequence with the real sequence around it, all in memory. */
export interface Piece {
  /** leftContext + length + rightContext ASCII letters, as the model reads them. */
  readonly bases: Uint8Array
  readonly leftContext: number
  readonly length: number
  readonly rightContext: number
}

/**
 * A model on a backend. It reads a sequence 5' to 3' and knows nothing of contigs or strands: for the minus strand the
 * caller gives the reverse complement and turns the tracks around.
 */
export interface Model {
  readonly info: ModelInfo
  readonly backend: Backend
  /** Throws LimitError with the bytes needed where even the smallest chunk does not fit. */
  plan(options: RunOptions): RunPlan
  /**
   * `source` gives leftContext + length + rightContext ASCII letters in pieces of any size. Yields values in ascending
   * order, each core position exactly once; memory is bounded by the chunk (and the model's history), not by length.
   */
  run(source: AsyncIterable<Uint8Array>, options: RunOptions): AsyncGenerator<TrackValues>
  /**
   * Predicts many short pieces in one go; gives each piece's tracks, in order, equal to those of a `run` of its own
   * within rounding. Everything is queued before it returns, so that the next call can be made before this one's
   * promise is awaited. Memory grows with the sum of the pieces and their padding: the caller bounds it.
   */
  runPieces(
    pieces: readonly Piece[],
    options: { readonly tracks: readonly string[]; readonly memoryBytes: number },
  ): Promise<Readonly<Record<string, Float32Array>>[]>
  close(): void
}
