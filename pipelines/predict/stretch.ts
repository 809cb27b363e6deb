import type { Region, Strand } from '../../src/genome.ts'
import type { ReceptiveField } from '../../src/model/receptive-field.ts'
import type { ContigSource } from './contig-source.ts'

/** A stretch of a contig to predict, with the real sequence beyond it that the model may see. */
export interface Stretch {
  readonly contig: ContigSource
  /** 0-based half-open, forward coordinates; `end` is Infinity where the contig's length is not known. */
  readonly start: number
  readonly end: number
  /** Bases before `start` and after `end`, forward coordinates. */
  readonly before: number
  readonly after: number
  /** For a part of a whole record: the record's bases. The part is computed in the steps that the whole would be. */
  readonly wholeLength?: number
}

/** A stretch and the strand or strands it is run on. */
export interface StrandedStretch extends Stretch {
  readonly direction: Strand | 'both'
}

/** `region` of a contig, with the context it is given there; `wholeLength` as in `Stretch`. */
export function stretchOf(
  { contig, region, wholeLength }: { contig: ContigSource; region: Region; wholeLength?: number },
  context: ReceptiveField,
  strand: Strand | 'both' | undefined,
): StrandedStretch {
  const { start, end } = region
  const direction = strand ?? region.strand ?? '+'
  const { before, after } = around(context, direction)
  return {
    contig,
    start,
    end,
    before: Math.min(start, before),
    after: Number.isFinite(end) ? Math.min(contig.length - end, after) : 0,
    direction,
    wholeLength,
  }
}

/** What a model reads on its left and right, on the forward strand: the minus strand is read the other way round. */
function around(
  { left, right }: ReceptiveField,
  direction: Strand | 'both',
): { readonly before: number; readonly after: number } {
  if (direction === '+') return { before: left, after: right }
  if (direction === '-') return { before: right, after: left }
  return { before: Math.max(left, right), after: Math.max(left, right) }
}

/** A stretch as the model reads it on `strand`: what it calls left lies after the stretch on the minus strand. */
export const asRead = (
  { start, end, before, after }: Pick<Stretch, 'start' | 'end' | 'before' | 'after'>,
  strand: Strand,
): { readonly length: number; readonly leftContext: number; readonly rightContext: number } => ({
  length: end - start,
  leftContext: strand === '+' ? before : after,
  rightContext: strand === '+' ? after : before,
})

export const isPart = ({ start, end, wholeLength }: Stretch): boolean =>
  wholeLength !== undefined && wholeLength !== end - start

/** The strands a stretch is run on, and what its tracks are called then. */
export const runsOf = (
  direction: Strand | 'both' | undefined,
): readonly { readonly strand: Strand; readonly suffix: string }[] =>
  direction === 'both'
    ? [
        { strand: '+', suffix: '_plus' },
        { strand: '-', suffix: '_minus' },
      ]
    : [{ strand: direction ?? '+', suffix: '' }]

/** Names of the columns of values, in the order of the output. */
export const columnsOf = (tracks: readonly string[], direction: Strand | 'both' | undefined): readonly string[] =>
  runsOf(direction).flatMap(({ suffix }) => tracks.map((track) => track + suffix))
