import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { Tracks } from './compute.ts'
import type { AlleleScore, ScoreOptions } from './options.ts'
import type { Task } from './windows.ts'

/** An allele's change as it is scored. */
export interface RuledChange {
  /** 0-based. */
  readonly position: number
  readonly refLength: number
  readonly alt: Uint8Array
}

/** How alleles are scored with a family of models: which bases are compared, and what is made of their values. */
export interface Rule {
  /** The model's tracks that are compared. */
  readonly tracks: readonly string[]
  /** Positions of the reference that are compared: `start` (inclusive) to `end` (exclusive). */
  compared(position: number, refLength: number): { readonly start: number; readonly end: number }
  /** Longer REFs are not scored. */
  readonly mostReferenceBases: number
  /** Whether alleles without any of A, C, G and T in REF or in ALT are not scored. */
  readonly needsKnownBases: boolean
  /** Whether the model sees N outside the gene. */
  readonly masksOutside: boolean
  /** Genes in the order of the scores. */
  ordered(genes: readonly Transcript[]): readonly Transcript[]
  /** Whether the program that the rule is of gives no values for it. */
  isDots(change: RuledChange): boolean
  /**
   * What changed. `reference`: values of the positions compared; `alternate`: those of the same stretch with ALT, so
   * alt.length - refLength more; both along the forward strand. Offsets count from the task's position. NaN where a value is
   * no number.
   */
  compare(reference: Tracks, alternate: Tracks, task: Task): Pick<AlleleScore, 'effects' | 'tissues'>
}

export interface RuleOptions extends Pick<ScoreOptions, 'mask'> {
  readonly distance: number
  /** Bases that the model sees on each side of a position (the larger of the two sides). */
  readonly halo: number
}
