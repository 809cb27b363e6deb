import type { Weights } from '../../kernels/tensor.ts'
import { unitMargin } from '../receptive-field.ts'
import type { Halo } from '../windows.ts'
import type { Margins } from './reach.ts'
import type { ResidualUnit } from './residual-unit.ts'

/** A network of residual units whose logits are a sum of maps of the embedding and of some units' results. */
export interface ResidualParts {
  readonly channelCount: number
  readonly logitCount: number
  readonly halo: Halo
  readonly table: Weights // [5, channels]
  readonly units: readonly ResidualUnit[]
  /** `afterUnit` 0 is the embedding; the first one gives what the others add to. */
  readonly skips: readonly { readonly afterUnit: number; readonly weight: Weights; readonly bias: Weights }[]
  readonly slope?: number
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
