import type { Backend } from '../../kernels/backend.ts'
import { explainPlan } from '../../kernels/long-conv/plan.ts'
import type { Norm } from '../../kernels/norm.ts'
import type { Tensor, Weights } from '../../kernels/tensor.ts'
import { hyenaBaseRows } from '../alphabet.ts'
import type { Checkpoint, HyenaArchitecture } from '../checkpoint.ts'
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
}

/** HyenaDNA (Nguyen et al. 2023; docs/models.md, section 1) in blocks: all layers on one block, each layer carrying its history. */
export class HyenaNetwork {
  readonly architecture: HyenaArchitecture
  readonly filterLength: number
  readonly frequencySparsity: number | undefined
  readonly headRowCount: number
  /** Bytes of its weights, all channels in one group. */
  readonly weightBytes: number
  readonly #backend: Backend
  readonly #parameters: Parameters
  readonly #embedding: Weights
  readonly #layers: readonly Layer[]
  readonly #finalNorm: Norm
  readonly #head: Weights

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
    this.#finalNorm = parameters.norm('backbone.ln_f', epsilon)
    const rows = options.headRows ?? hyenaBaseRows
    const head = parameters.host('lm_head.weight').data
    this.headRowCount = rows.length
    this.#head = parameters.upload(
      Float32Array.from(
        { length: rows.length * modelWidth },
        (_, i) => head[rows[Math.floor(i / modelWidth)] * modelWidth + (i % modelWidth)],
      ),
      [rows.length, modelWidth],
    )
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

  /** Queues the block `codes` [1, n] after those before it; gives logits [headRowCount, n], which the caller releases. */
  forward(codes: Tensor, state: HyenaState): Tensor {
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
    const logits = this.#backend.tensor(this.headRowCount, n)
    ops.linear({ out: logits, input: residual, weight: this.#head, norm: this.#finalNorm })
    return logits
  }

  release(): void {
    for (const { mixer } of this.#layers) mixer.release()
    this.#parameters.release()
  }
}
