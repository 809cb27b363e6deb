import type { Norm } from '../../kernels/norm.ts'
import type { Weights } from '../../kernels/tensor.ts'
import { unitMargin } from '../receptive-field.ts'
import type { Halo } from '../windows.ts'
import { type Interval, type Margins, reachedAndNeeded } from './reach.ts'
import type { ResidualUnit } from './residual-unit.ts'

/** A network of residual units whose logits are a sum of maps of the first unit's input and of some units' results. */
export interface ResidualParts {
  readonly channelCount: number
  readonly logitCount: number
  readonly halo: Halo
  readonly table: Weights // [5, channels, or the stem's input channels]
  /** A convolution without padding that stands between the embedding and the first unit. */
  readonly stem?: Stem
  readonly units: readonly ResidualUnit[]
  /** `afterUnit` 0 is the first unit's input; the first one gives what the others add to. */
  readonly skips: readonly {
    readonly afterUnit: number
    readonly norm?: Norm<Weights>
    readonly weight: Weights
    readonly bias: Weights
  }[]
  readonly slope?: number
}

interface Stem {
  readonly weight: Weights // [channels, input channels, width]
  readonly bias: Weights // [channels]
  readonly margins: Margins
}

/** The positions that each convolution loses, two a unit. */
export const convolutionMargins = (units: readonly ResidualUnit[]): Margins[] =>
  units.flatMap((unit) => {
    const margin = unitMargin(unit)
    const half = Math.floor(margin / 2)
    return [
      { left: half, right: margin - half },
      { left: margin - half, right: half },
    ]
  })

/** Of the first unit's input and after each convolution: the positions to compute for an edit (`reachedAndNeeded`). */
export function regionsOf(
  { stem, units }: ResidualParts,
  insertedCount: number,
  wanted: Interval,
): readonly Interval[] | undefined {
  const before = stem ? [stem.margins] : []
  return reachedAndNeeded([...before, ...convolutionMargins(units)], insertedCount, wanted)?.slice(before.length)
}

/** The positions whose codes give those of the first unit's input; none for none. */
export function codesRegion({ stem }: ResidualParts, { start, end }: Interval): Interval {
  if (start >= end) return { start, end: start }
  return stem ? { start: start - stem.margins.left, end: end + stem.margins.right } : { start, end }
}

/** Whether edits reach equally far in both. */
export const areAlike = (a: ResidualParts, b: ResidualParts): boolean => {
  const shape = ({ channelCount, stem, units }: ResidualParts): string =>
    JSON.stringify([channelCount, stem?.margins, convolutionMargins(units)])
  return shape(a) === shape(b)
}
