import { ShapeError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import type { Norm } from '../kernels/norm.ts'
import type { Weights } from '../kernels/tensor.ts'
import type { Checkpoint, NamedTensor } from './checkpoint.ts'

/** A checkpoint's parameters on a backend; everything uploaded through it is freed by `release`. */
export class Parameters {
  readonly #checkpoint: Checkpoint
  readonly #backend: Backend
  readonly #uploaded: Weights[] = []
  /** Bytes of all that has been uploaded. */
  uploadedBytes = 0

  constructor(checkpoint: Checkpoint, backend: Backend) {
    this.#checkpoint = checkpoint
    this.#backend = backend
  }

  /** The host values of a tensor; ShapeError naming it where it is missing. */
  host(name: string): NamedTensor {
    const tensor = this.#checkpoint.tensors.get(name)
    if (!tensor) throw new ShapeError({ where: this.#checkpoint.name, what: `tensor ${name} is missing` })
    return tensor
  }
  has(name: string): boolean {
    return this.#checkpoint.tensors.has(name)
  }
  weights(name: string): Weights {
    const { data, shape } = this.host(name)
    return this.upload(data, shape)
  }
  upload(data: Float32Array, shape: readonly number[]): Weights {
    const weights = this.#backend.weights(data, shape)
    this.#uploaded.push(weights)
    this.uploadedBytes += 4 * data.length
    return weights
  }
  norm(prefix: string, epsilon: number): Norm {
    return { weight: this.weights(`${prefix}.weight`), bias: this.weights(`${prefix}.bias`), epsilon }
  }
  linear(prefix: string): { weight: Weights; bias: Weights } {
    return { weight: this.weights(`${prefix}.weight`), bias: this.weights(`${prefix}.bias`) }
  }
  release(): void {
    for (const weights of this.#uploaded.splice(0)) this.#backend.releaseWeights(weights)
  }
}

export const parameterCountOf = (checkpoint: Checkpoint): number =>
  [...checkpoint.tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
