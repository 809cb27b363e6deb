import type { Backend } from '../../kernels/backend.ts'
import type { Tensor } from '../../kernels/tensor.ts'
import type { Halo } from '../windows.ts'
import type { ResidualParts } from './residual-parts.ts'

/** A network that maps codes with a halo to logits of the core. */
export interface WindowNetwork {
  readonly halo: Halo
  /** Channels of its widest tensor. */
  readonly channelCount: number
  /** Rows of its logits; of a network that gives a state instead, its channels. */
  readonly logitCount: number
  /** Given where edits can be run against kept activations. */
  readonly parts?: ResidualParts
  /** Bytes of weights and filters, and of the forms that its convolutions' weights take for windows with a core of `coreLength`. */
  weightBytes(coreLength: number): number
  /** Bytes of activations that one window with a core of `coreLength` takes. */
  activationBytes(coreLength: number): number
  /**
   * Queues the network on `codes` [1, halo.left + coreLength + halo.right] and gives logits
   * [logitCount, coreLength], which a `Readout` turns into tracks; the caller releases them.
   */
  forward(codes: Tensor, coreLength: number): Tensor
  /** How its convolutions would be computed for such a window, a line each. */
  explain(coreLength: number): string[]
  release(): void
}

interface UnitShape {
  readonly width: number
  readonly dilation: number
}
/** Convolutions of each residual unit. */
const convolutionsPerUnit = 2

/** Lines for the convolutions of residual units on `length` positions: those of one shape share a line. */
export function explainUnits(
  backend: Backend,
  units: readonly UnitShape[],
  channels: number,
  length: number,
): string[] {
  const counts = new Map<string, number>()
  for (const { width, dilation } of units) {
    const line = backend.explainDilatedConv({ inChannels: channels, outChannels: channels, width, dilation, length })
    counts.set(line, (counts.get(line) ?? 0) + convolutionsPerUnit)
  }
  return [...counts].map(([line, count]) => `${count} x ${line}`)
}

/** Bytes that the units' weights take once they are prepared for `length` positions. */
export const preparedUnitBytes = (
  backend: Backend,
  units: readonly UnitShape[],
  channels: number,
  length: number,
): number =>
  units.reduce(
    (sum, { width, dilation }) =>
      sum +
      convolutionsPerUnit *
        backend.preparedDilatedConvBytes({ inChannels: channels, outChannels: channels, width, dilation, length }),
    0,
  )

/** Rows A C G T of a one-hot code, and a row of zeros for unknown bases and padding. */
export const oneHotTable = (): Float32Array =>
  Float32Array.from({ length: 20 }, (_, i) => (Math.floor(i / 4) === i % 4 ? 1 : 0))

/** Activations that are freed together when a forward pass has been queued. */
export class Activations {
  readonly #backend: Backend
  readonly #tensors: Tensor[] = []

  constructor(backend: Backend) {
    this.#backend = backend
  }
  tensor(channelCount: number, length: number): Tensor {
    const tensor = this.#backend.tensor(channelCount, length)
    this.#tensors.push(tensor)
    return tensor
  }
  release(): void {
    for (const tensor of this.#tensors.splice(0)) this.#backend.release(tensor)
  }
}
