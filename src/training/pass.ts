import type { Backend } from '../kernels/backend.ts'
import { type Tensor, view, type Weights } from '../kernels/tensor.ts'
import type { NamedTensor } from '../model/checkpoint.ts'
import type { Tensors } from './architectures.ts'

/** Where each parameter's gradient stands: columns of one tensor, so that all are read at once. */
class GradientLayout {
  readonly rowCount: number
  readonly columnCount: number
  readonly #places = new Map<string, { readonly start: number; readonly rows: number; readonly columns: number }>()

  constructor(tensors: Tensors, names: readonly string[]) {
    let start = 0
    let most = 1
    for (const name of names) {
      const { shape, data } = tensors.get(name)!
      const columns = data.length / shape[0]
      this.#places.set(name, { start, rows: shape[0], columns })
      start += columns
      most = Math.max(most, shape[0])
    }
    this.rowCount = most
    this.columnCount = start
  }

  viewOf(all: Tensor, name: string): Tensor {
    const { start, rows, columns } = this.#places.get(name)!
    return view(all, { channelCount: rows, start, length: columns })
  }

  /** Each parameter's gradient out of the whole tensor's values, in the parameter's own shape. */
  split(all: Float32Array): Map<string, Float32Array> {
    const gradients = new Map<string, Float32Array>()
    for (const [name, { start, rows, columns }] of this.#places) {
      const gradient = new Float32Array(rows * columns)
      for (let r = 0; r < rows; r++)
        gradient.set(all.subarray(r * this.columnCount + start, r * this.columnCount + start + columns), r * columns)
      gradients.set(name, gradient)
    }
    return gradients
  }
}

/**
 * One forward and backward pass: the parameters as they are now on the backend, activations, and the places of the gradients. All of it is
 * freed by `release`.
 */
export class Pass {
  readonly backend: Backend
  readonly #tensors: Tensors
  readonly #layout: GradientLayout
  readonly #gradients: Tensor
  readonly #activations = new Set<Tensor>()
  readonly #weights: Weights[] = []

  /** `trained`: the parameters that get gradients. */
  constructor(backend: Backend, tensors: Tensors, trained: readonly string[]) {
    this.backend = backend
    this.#tensors = tensors
    this.#layout = new GradientLayout(tensors, trained)
    this.#gradients = backend.tensor(this.#layout.rowCount, this.#layout.columnCount)
  }

  tensor(channelCount: number, length: number): Tensor {
    const tensor = this.backend.tensor(channelCount, length)
    this.#activations.add(tensor)
    return tensor
  }
  /** Its memory may serve what is queued next. */
  free(tensor: Tensor): void {
    if (this.#activations.delete(tensor)) this.backend.release(tensor)
  }
  /** Queues zeros for `margin` positions at both ends. */
  clearEnds(tensor: Tensor, margin: number): void {
    if (margin === 0) return
    const zeros = new Float32Array(tensor.channelCount * margin)
    this.backend.write(view(tensor, { length: margin }), zeros)
    this.backend.write(view(tensor, { start: tensor.length - margin, length: margin }), zeros)
  }

  host(name: string): NamedTensor {
    return this.#tensors.get(name)!
  }
  upload(data: Float32Array, shape: readonly number[]): Weights {
    const weights = this.backend.weights(data, shape)
    this.#weights.push(weights)
    return weights
  }
  weights(name: string, shape: readonly number[] = this.host(name).shape): Weights {
    return this.upload(this.host(name).data, shape)
  }
  layer(name: string): { weight: Weights; bias: Weights } {
    return { weight: this.weights(`${name}.weight`), bias: this.weights(`${name}.bias`) }
  }

  /** Where the gradient of a trained parameter goes. */
  gradientOf(name: string): Tensor {
    return this.#layout.viewOf(this.#gradients, name)
  }
  async readGradients(): Promise<Map<string, Float32Array>> {
    return this.#layout.split(await this.backend.read(this.#gradients))
  }

  release(): void {
    for (const tensor of this.#activations) this.backend.release(tensor)
    this.#activations.clear()
    for (const weights of this.#weights.splice(0)) this.backend.releaseWeights(weights)
    this.backend.release(this.#gradients)
  }
}

/** `[out, in, width]` to `[in, out, width]`, each filter turned round: the convolution that carries gradients back. */
export function turned({ data, shape }: NamedTensor): NamedTensor {
  const [outputs, inputs, width] = shape as [number, number, number]
  const out = new Float32Array(data.length)
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const to = (i * outputs + o) * width + width - 1
      const from = (o * inputs + i) * width
      for (let j = 0; j < width; j++) out[to - j] = data[from + j]
    }
  }
  return { data: out, shape: [inputs, outputs, width] }
}

/** `[out, in]` (or `[out, in, 1]`) to `[in, out]`. */
export function transposed({ data, shape }: NamedTensor): NamedTensor {
  const [outputs, inputs] = shape as [number, number]
  const out = new Float32Array(data.length)
  for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) out[i * outputs + o] = data[o * inputs + i]
  return { data: out, shape: [inputs, outputs] }
}
