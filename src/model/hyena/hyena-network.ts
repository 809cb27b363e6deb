import type { Backend } from '../../kernels/backend.ts'
import { explainPlan } from '../../kernels/long-conv/plan.ts'
import type { Norm } from '../../kernels/norm.ts'
import type { Tensor, Weights } from '../../kernels/tensor.ts'
import { hyenaBaseRows } from '../alphabet.ts'
import type { Checkpoint, HyenaArchitecture } from '../checkpoint.ts'
import { identity, type LayerIndex } from '../layer-state.ts'
import { Parameters } from '../parameters.ts'
import { keptTaps } from '../receptive-field.ts'
import { planHyenaFilter } from './hyena-filter.ts'
import { HyenaMixer } from './hyena-mixer.ts'
import { HyenaState } from './hyena-state.ts'
import type { HyenaRunShape } from './run-shape.ts'

interface Layer {
  readonly mixer: HyenaMixer
  readonly out: { readonly weight: Weights; readonly bias: Weights }
  readonly norm2: Norm
  readonly fc1: { readonly weight: Weights; readonly bias: Weights }
  readonly fc2: { readonly weight: Weights; readonly bias: Weights }
}

export interface HyenaOptions {
  /** Taps kept of each long filter; default all (the paper's partial convolution, section 3.3). */
  readonly filterLength?: number
  readonly frequencySparsity?: number
  /** Rows of lm_head to compute; default A, C, G, T. */
  readonly headRows?: readonly number[]
  /** Instead of lm_head: the state itself, after the norm (-1), or as the last of the architecture's layers leaves it. */
  readonly layer?: LayerIndex
}

/** HyenaDNA (Nguyen et al. 2023; docs/models.md, section 1) in blocks: all layers on one block, each layer carrying its history. */
export class HyenaNetwork {
  readonly architecture: HyenaArchitecture
  readonly filterLength: number
  readonly frequencySparsity: number | undefined
  /** Channels of what is read out: rows of lm_head, or the model's width. */
  readonly headRowCount: number
  /** Bytes of its weights, all channels in one group. */
  readonly weightBytes: number
  readonly #backend: Backend
  readonly #parameters: Parameters
  readonly #embedding: Weights
  readonly #layers: readonly Layer[]
  /** Undefined where the state is read as it is. */
  readonly #head: { readonly norm: Norm; readonly weight: Weights } | undefined

  constructor(checkpoint: Checkpoint, architecture: HyenaArchitecture, backend: Backend, options: HyenaOptions = {}) {
    this.architecture = architecture
    this.filterLength = keptTaps(architecture, options.filterLength)
    this.#backend = backend
    this.frequencySparsity = options.frequencySparsity
    const parameters = new Parameters(checkpoint, backend)
    this.#parameters = parameters
    const { layerNormEpsilon: epsilon, modelWidth } = architecture
    this.#embedding = parameters.weights('backbone.embeddings.word_embeddings.weight')
    this.#layers = Array.from({ length: architecture.layerCount }, (_, i): Layer => {
      const prefix = `backbone.layers.${i}`
      return {
        mixer: new HyenaMixer(parameters, prefix, architecture, backend, options.frequencySparsity),
        out: parameters.linear(`${prefix}.mixer.out_proj`),
        norm2: parameters.norm(`${prefix}.norm2`, epsilon),
        fc1: parameters.linear(`${prefix}.mlp.fc1`),
        fc2: parameters.linear(`${prefix}.mlp.fc2`),
      }
    })
    const { layer, headRows = hyenaBaseRows } = options
    this.headRowCount = layer === undefined ? headRows.length : modelWidth
    if (layer === undefined || layer === -1) {
      const head = layer === undefined ? headOf(parameters, headRows, modelWidth) : identity(modelWidth)
      this.#head = {
        norm: parameters.norm('backbone.ln_f', epsilon),
        weight: parameters.upload(head, [this.headRowCount, modelWidth]),
      }
    }
    this.weightBytes = parameters.uploadedBytes
  }

  /** Taps that can reach anything: in a run shorter than the filter the rest would only meet the zeros before it. */
  tapsUsed({ blockLength, totalLength }: { readonly blockLength: number; readonly totalLength: number }): number {
    return Math.min(this.filterLength, Math.max(blockLength, totalLength))
  }

  /** How the long convolutions of its layers would be computed, in lines for people. */
  explain(shape: HyenaRunShape): string[] {
    const { modelWidth, layerCount } = this.architecture
    const { blockLength, filterPolicy, channelGroups } = shape
    const plan = planHyenaFilter(
      this.#backend,
      modelWidth / channelGroups,
      blockLength,
      this.tapsUsed(shape),
      filterPolicy,
      this.frequencySparsity,
    )
    if (layerCount === 0) return []
    return [
      `${layerCount} layers, in each${channelGroups > 1 ? ` ${channelGroups} times` : ''}:`,
      ...explainPlan(plan).split('\n'),
    ]
  }

  open(shape: HyenaRunShape): HyenaState {
    const { modelWidth, layerCount, shortFilterLength } = this.architecture
    // Filters of another plan go before anything of this run is made: the plan counts on their memory.
    for (const { mixer } of this.#layers) mixer.letGoFor(shape, this.tapsUsed(shape))
    return new HyenaState(
      this.#backend,
      { modelWidth, layerCount, shortFilterLength, filterLength: this.tapsUsed(shape) },
      shape,
    )
  }

  /** Queues the block `codes` [1, n] after those before it; gives the state [modelWidth, n], valid until the next block. */
  layers(codes: Tensor, state: HyenaState): Tensor {
    const { ops } = this.#backend
    const n = codes.length
    const { residual, mixed } = state.block(n)
    ops.embedding({ out: residual, codes, table: this.#embedding })
    this.#layers.forEach((layer, i) => {
      layer.mixer.queue(mixed, residual, state, i, this.tapsUsed(state.shape))
      ops.linear({ out: residual, input: mixed, ...layer.out, residual })
      ops.mlp({ out: residual, input: residual, norm: layer.norm2, fc1: layer.fc1, fc2: layer.fc2 })
    })
    state.advance(n)
    return residual
  }

  /** Queues what is read out at positions of a block's `state`: [headRowCount, state.length], which the caller releases. */
  head(state: Tensor): Tensor {
    const { ops } = this.#backend
    const out = this.#backend.tensor(this.headRowCount, state.length)
    if (this.#head) ops.linear({ out, input: state, ...this.#head })
    else ops.advanceHistory({ history: out, input: state }) // a copy: equally long
    return out
  }

  release(): void {
    for (const { mixer } of this.#layers) mixer.release()
    this.#parameters.release()
  }
}

/** Rows of lm_head, one after the other. */
function headOf(parameters: Parameters, rows: readonly number[], modelWidth: number): Float32Array {
  const head = parameters.host('lm_head.weight').data
  const out = new Float32Array(rows.length * modelWidth)
  for (const [i, row] of rows.entries())
    out.set(head.subarray(row * modelWidth, (row + 1) * modelWidth), i * modelWidth)
  return out
}
