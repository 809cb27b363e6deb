/** Codes of `Stretch.codes`: 0..3, and this. */
export const unknownBase = 4

/** Bits of a target: kind of site (0 neither, 1 acceptor, 2 donor), auxiliary class, and whether a loss is taken there. */
export const siteMask = 3
export const segmentShift = 2
export const segmentMask = 7
export const visibleBit = 32

/** Auxiliary classes; coding bases of phase p are `segments.coding + p`. */
export const segments = { outside: 0, intron: 1, nonCodingExon: 2, coding: 3 } as const

/** A piece of a contig with what is known of each base, on both strands, at forward coordinates. */
export interface Stretch {
  readonly contig: string
  /** 0-based position of the first base in the contig. */
  readonly start: number
  readonly codes: Uint8Array
  /** One byte a base, as above. */
  readonly targets: { readonly '+': Uint8Array; readonly '-': Uint8Array }
}

/** A gene to train on; positions within its stretch, half-open. */
export interface TrainingGene {
  readonly name: string
  readonly stretch: number
  readonly strand: '+' | '-'
  readonly start: number
  readonly end: number
}

export interface TrainingData {
  readonly stretches: readonly Stretch[]
  readonly genes: readonly TrainingGene[]
}

/** A place on a strand: what windows are cut around. */
export interface Anchor {
  readonly stretch: number
  readonly strand: '+' | '-'
  readonly position: number
}
