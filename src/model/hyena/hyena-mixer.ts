import type { Backend } from '../../kernels/backend.ts'
import type { ImplicitFilterArguments } from '../../kernels/implicit-filter/implicit-filter.ts'
import type { Norm } from '../../kernels/norm.ts'
import { type Tensor, view, type Weights } from '../../kernels/tensor.ts'
import type { HyenaArchitecture } from '../checkpoint.ts'
import type { Parameters } from '../parameters.ts'
import { createHyenaFilter, type HyenaFilter, implicitFilterArguments } from './hyena-filter.ts'
import type { HyenaState } from './hyena-state.ts'
import type { HyenaRunShape } from './run-shape.ts'

/** What some neighbouring channels of the operator need. */
interface Group {
  readonly start: number
  readonly count: number
  readonly projection: { readonly weight: Weights; readonly bias: Weights }
  readonly short: { readonly shortWeight: Weights; readonly shortBias: Weights }
  readonly skip: Weights
  readonly filter: HyenaFilter
}

/** Bytes of a layer's weights that are cut into groups; uncut ones stay beside them. */
export const groupedWeightBytes = ({ modelWidth, shortFilterLength, filterMlpWidth }: HyenaArchitecture): number =>
  4 * modelWidth * (3 * (modelWidth + 1 + shortFilterLength + 1) + 1 + filterMlpWidth + 1)

/**
 * A layer's Hyena operator up to its output projection (docs/models.md, section 1): projections, short convolutions, gate, long
 * convolution, gate. Only the projections mix channels, so it can be done some channels at a time: then gate, convolution input
 * and filter take a part of their memory, and what is common to all channels (norm, the filter's hidden layers) is made once
 * for each group. Values differ only where fewer channels get another plan of the long convolution, by its rounding.
 *
 * A transform's rounding errors are as large as those of its largest outputs. A sequence's first outputs are sums of few
 * products, often thousands of times smaller, so they are computed once more by themselves: the first predictions of
 * a model with a million taps were off by up to 1.5e-3 without that, and are by up to 4e-6 with it (docs/adr/hyena-memory.md).
 */
export class HyenaMixer {
  readonly #backend: Backend
  readonly #parameters: Parameters
  readonly #prefix: string
  readonly #architecture: HyenaArchitecture
  readonly #frequencySparsity: number | undefined
  readonly #norm: Norm
  readonly #filterArguments: Omit<ImplicitFilterArguments, 'out' | 'firstTap' | 'outWeight' | 'deltas'>
  /** By their number, made at first use. */
  readonly #groupings = new Map<number, readonly Group[]>()

  constructor(
    parameters: Parameters,
    prefix: string,
    architecture: HyenaArchitecture,
    backend: Backend,
    frequencySparsity: number | undefined,
  ) {
    this.#backend = backend
    this.#parameters = parameters
    this.#prefix = `${prefix}.mixer`
    this.#architecture = architecture
    this.#frequencySparsity = frequencySparsity
    this.#norm = parameters.norm(`${prefix}.norm1`, architecture.layerNormEpsilon)
    this.#filterArguments = implicitFilterArguments(parameters, `${this.#prefix}.filter_fn`, architecture)
    this.#grouping(1)
  }

  /** Lets go of the filters that a run would not use. */
  letGoFor({ filterPolicy, blockLength, channelGroups }: HyenaRunShape, tapCount: number): void {
    for (const [groupCount, groups] of this.#groupings) {
      for (const { filter } of groups)
        groupCount === channelGroups ? filter.keepFor(filterPolicy, blockLength, tapCount) : filter.release()
    }
  }

  /** Queues the operator on a block `input` [modelWidth, n] of `state`; its result goes to `out` [modelWidth, n]. */
  queue(out: Tensor, input: Tensor, state: HyenaState, layer: number, tapCount: number): void {
    const { ops } = this.#backend
    const { filterPolicy, blockLength, channelGroups } = state.shape
    for (const { start, count, projection, short, skip, filter } of this.#grouping(channelGroups)) {
      const channels = { channelStart: start, channelCount: count }
      const { gate, value } = state.group(input.length)
      ops.gatedProjection({
        gate,
        value,
        input,
        history: state.shortHistory(layer),
        norm: this.#norm,
        ...projection,
        ...short,
        padding: 'causal',
      })
      const history = state.longHistory(layer)
      const { whole, head } = filter.prepared(filterPolicy, blockLength, tapCount)
      const first = head && state.head(input.length)
      if (first) {
        const start = { length: first.length }
        ops.longConv({
          out: first,
          input: view(value, start),
          filter: head,
          inputShift: 0,
          post: view(gate, start),
          skip,
        })
      }
      ops.longConv({
        out: view(out, channels),
        input: value,
        history: history && view(history, channels),
        filter: whole,
        inputShift: 0,
        post: gate,
        skip,
      })
      if (first) ops.advanceHistory({ history: view(out, { ...channels, length: first.length }), input: first }) // a copy: equally long
      filter.used(filterPolicy)
      state.keepLong(layer, value, start)
    }
    state.keepShort(layer, input)
  }

  release(): void {
    for (const { filter } of this.#allGroups) filter.release()
  }

  get #allGroups(): Group[] {
    return [...this.#groupings.values()].flat()
  }

  #grouping(groupCount: number): readonly Group[] {
    const groups = this.#groupings.get(groupCount) ?? this.#makeGroups(groupCount)
    this.#groupings.set(groupCount, groups)
    return groups
  }

  #makeGroups(groupCount: number): Group[] {
    const { modelWidth, shortFilterLength, filterMlpWidth } = this.#architecture
    const parameters = this.#parameters
    const count = modelWidth / groupCount
    const values = (name: string): Float32Array => parameters.host(`${this.#prefix}.${name}`).data
    return Array.from({ length: groupCount }, (_, g) => {
      const start = g * count
      const rows = (name: string, parts: number, columns: number): Weights => {
        const data = values(name)
        const slices = Array.from({ length: parts }, (_, p) =>
          data.subarray((p * modelWidth + start) * columns, (p * modelWidth + start + count) * columns),
        )
        const joined = new Float32Array(parts * count * columns)
        for (const [p, slice] of slices.entries()) joined.set(slice, p * count * columns)
        return parameters.upload(joined, columns === 1 ? [parts * count] : [parts * count, columns])
      }
      const filterArguments = {
        ...this.#filterArguments,
        outWeight: rows('filter_fn.implicit_filter.6.weight', 1, filterMlpWidth),
        deltas: rows('filter_fn.modulation.deltas', 1, 1),
      }
      return {
        start,
        count,
        projection: { weight: rows('in_proj.weight', 3, modelWidth), bias: rows('in_proj.bias', 3, 1) },
        short: {
          shortWeight: rows('short_filter.weight', 3, shortFilterLength),
          shortBias: rows('short_filter.bias', 3, 1),
        },
        skip: rows('filter_fn.bias', 1, 1),
        filter: createHyenaFilter(filterArguments, count, this.#backend, this.#frequencySparsity),
      }
    })
  }
}
