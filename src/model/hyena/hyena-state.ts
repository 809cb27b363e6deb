import type { Backend } from '../../kernels/backend.ts'
import { type Tensor, view } from '../../kernels/tensor.ts'
import { headLength } from './hyena-filter.ts'
import type { HyenaRunShape } from './run-shape.ts'

interface Shape {
  readonly modelWidth: number
  readonly layerCount: number
  readonly shortFilterLength: number
  readonly filterLength: number
}

/** What a run carries from block to block: each layer's last inputs to its short and to its long convolution. */
export class HyenaState {
  readonly shape: HyenaRunShape
  readonly #backend: Backend
  /** `mixed` is the operator's result; where all channels are computed at once it lies in the gate's place. */
  readonly #activations: {
    readonly residual: Tensor
    readonly gate: Tensor
    readonly value: Tensor
    readonly head: Tensor
    readonly mixed?: Tensor
  }
  /** Empty where one block covers the run. */
  readonly #short: Tensor[] = []
  readonly #long: Tensor[] = []
  #done = 0

  constructor(backend: Backend, layers: Shape, shape: HyenaRunShape) {
    this.shape = shape
    this.#backend = backend
    const whole = (): Tensor => backend.tensor(layers.modelWidth, shape.blockLength)
    const group = (): Tensor => backend.tensor(layers.modelWidth / shape.channelGroups, shape.blockLength)
    const head = backend.tensor(layers.modelWidth / shape.channelGroups, headLength)
    this.#activations = {
      residual: whole(),
      gate: group(),
      value: group(),
      head,
      ...(shape.channelGroups > 1 && { mixed: whole() }),
    }
    const longLength = longHistoryLength(layers.filterLength, shape)
    for (let i = 0; i < layers.layerCount && shape.totalLength > shape.blockLength; i++) {
      this.#short.push(backend.tensor(layers.modelWidth, layers.shortFilterLength - 1))
      if (longLength > 0) this.#long.push(backend.tensor(layers.modelWidth, longLength))
    }
  }

  /** Activations of all channels, cut to a block of n positions. */
  block(n: number): { residual: Tensor; mixed: Tensor } {
    const { residual, gate, mixed = gate } = this.#activations
    return { residual: view(residual, { length: n }), mixed: view(mixed, { length: n }) }
  }

  /** Activations of a group of channels; each group overwrites those of the one before. */
  group(n: number): { gate: Tensor; value: Tensor } {
    const { gate, value } = this.#activations
    return { gate: view(gate, { length: n }), value: view(value, { length: n }) }
  }

  /** Where the run's first positions, at most n, are computed once more; undefined in later blocks. */
  head(n: number): Tensor | undefined {
    return this.#done === 0 ? view(this.#activations.head, { length: Math.min(n, headLength) }) : undefined
  }

  /** Blocks other than the last are at least as long as this history, so that after the first one it is whole. */
  shortHistory(layer: number): Tensor | undefined {
    return this.#done > 0 ? this.#short[layer] : undefined
  }

  /** The part of the long history that is real; zeros come before it. */
  longHistory(layer: number): Tensor | undefined {
    const history = this.#long[layer]
    if (!history || this.#done === 0) return undefined
    const length = Math.min(history.length, this.#done)
    return view(history, { start: history.length - length, length })
  }

  keepShort(layer: number, input: Tensor): void {
    const history = this.#short[layer]
    if (history) this.#backend.ops.advanceHistory({ history, input })
  }
  /** `input`: channels `channelStart` and following. */
  keepLong(layer: number, input: Tensor, channelStart: number): void {
    const history = this.#long[layer]
    if (history)
      this.#backend.ops.advanceHistory({
        history: view(history, { channelStart, channelCount: input.channelCount }),
        input,
      })
  }

  advance(positions: number): void {
    this.#done += positions
  }

  release(): void {
    for (const tensor of [...Object.values(this.#activations), ...this.#short.splice(0), ...this.#long.splice(0)])
      this.#backend.release(tensor)
  }
}

/** Inputs a layer's long convolution must remember between blocks. */
export const longHistoryLength = (
  filterLength: number,
  { blockLength, totalLength }: { blockLength: number; totalLength: number },
): number => (totalLength > blockLength ? Math.min(filterLength - 1, totalLength - 1) : 0)
