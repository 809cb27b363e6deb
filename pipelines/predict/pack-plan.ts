import type { Strand } from '../../src/genome.ts'
import type { ContigSource } from './contig-source.ts'
import { runsOf, type Stretch, type StrandedStretch } from './stretch.ts'

/** Bases, context counted, that one pack may have where memory allows: long enough to keep the device busy. */
export const mostPackBases = 2 ** 18
/** A stretch of at most this part of a pack is worth packing; longer ones fill the device on their own. */
const shortPerPack = 1 / 4

/**
 * Bases that a pack has for a stretch or piece on one strand: with what is around it, be it sequence or, in place of that,
 * `padding` (of a windowed model: both sides of its receptive field; 0 of a causal one).
 */
const packedBases = ({ start, end, before, after }: Omit<Stretch, 'contig'>, padding: number): number =>
  end - start + Math.max(before + after, padding)

/** The same on all strands that a stretch is run on. */
export const basesSeen = (stretch: StrandedStretch, padding: number): number =>
  runsOf(stretch.direction).length * packedBases(stretch, padding)

export const isShort = (stretch: StrandedStretch, packBases: number, padding: number): boolean =>
  basesSeen(stretch, padding) <= shortPerPack * packBases

/** Bases of the longest record that can be short. */
export const longestShort = (packBases: number): number => Math.floor(shortPerPack * packBases)

/** Sequence that is read and computed once, for one or more stretches of a strand. */
export interface MergedPiece {
  readonly contig: ContigSource
  readonly strand: Strand
  /** What is wanted: 0-based half-open, forward coordinates. */
  readonly start: number
  readonly end: number
  /** Real sequence around it, forward coordinates. */
  readonly before: number
  readonly after: number
  /** Indices of the stretches that lie in it. */
  readonly stretches: readonly number[]
}

export interface PackOptions {
  /**
   * Whether a stretch has around it all that the model can see: then what overlapping stretches share has the same
   * values in each, and is read and computed once.
   */
  readonly isContextFull: boolean
  /** Bases, context or padding counted, that a pack may have. */
  readonly packBases: number
  readonly padding: number
}

type Growing = { -readonly [K in keyof MergedPiece]: MergedPiece[K] } & { stretches: number[] }

/**
 * Sorts stretches by place and, with full context, merges those of a strand that lie so near to each other that the
 * context of one reaches the next; then fills packs with the pieces, in order. A function of the list alone, so that a
 * run that is done again, or in shards, makes the same packs.
 */
export function planPacks(
  stretches: readonly StrandedStretch[],
  { isContextFull, packBases, padding }: PackOptions,
): MergedPiece[][] {
  const runs = stretches.flatMap((stretch, i) =>
    runsOf(stretch.direction).map(({ strand }) => ({ stretch, strand, i })),
  )
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  runs.sort(
    (a, b) =>
      byName(a.stretch.contig.name, b.stretch.contig.name) ||
      a.stretch.start - b.stretch.start ||
      a.stretch.end - b.stretch.end,
  )
  const pieces: Growing[] = []
  const last: Partial<Record<Strand, Growing>> = {}
  for (const { stretch, strand, i } of runs) {
    const { contig, start, end, before, after } = stretch
    const near = last[strand]
    const isNear = near && isContextFull && near.contig === contig && start - before <= near.end
    if (near && isNear && packedBases({ ...near, end: Math.max(end, near.end), after }, padding) <= packBases) {
      if (end > near.end) Object.assign(near, { end, after })
      near.stretches.push(i)
    } else {
      const piece = { contig, strand, start, end, before, after, stretches: [i] }
      pieces.push(piece)
      last[strand] = piece
    }
  }
  const packs: MergedPiece[][] = []
  let seen = Number.POSITIVE_INFINITY
  for (const piece of pieces) {
    const bases = packedBases(piece, padding)
    if (seen + bases > packBases) {
      packs.push([])
      seen = 0
    }
    packs.at(-1)!.push(piece)
    seen += bases
  }
  return packs
}
