import type { Tensors } from './architectures.ts'

export interface OptimizerOptions {
  /** Of AdamW. */
  readonly rate: number
  /** Of Muon; 0: AdamW for all. */
  readonly muonRate: number
  readonly decay: number
  /** Gradients together are held to this norm. */
  readonly clip: number
}

const [beta1, beta2, epsilon] = [0.9, 0.98, 1e-8]
const muonMomentum = 0.95
const newtonSchulzSteps = 5

/** Dense convolutions inside residual units: their weights are matrices whose update Muon makes orthogonal. */
const isForMuon = (name: string, shape: readonly number[]): boolean =>
  /\.conv[12]\.weight$/.test(name) && shape.length === 3

/**
 * AdamW (Loshchilov and Hutter 2019), and for the convolutions of residual units Muon (Jordan et al. 2024): momentum whose update is made
 * nearly orthogonal by Newton-Schulz steps. Moments are float32, as weights are; arithmetic is float64, in the order of the names.
 */
export class Optimizer {
  readonly #options: OptimizerOptions
  /** By parameter: AdamW's two moments, or Muon's momentum. */
  readonly moments = new Map<string, Float32Array>()

  constructor(options: OptimizerOptions) {
    this.#options = options
  }

  /** Changes `tensors` by one step; `factor` scales both rates, `step` counts from 1. */
  step(tensors: Tensors, gradients: ReadonlyMap<string, Float32Array>, step: number, factor: number): void {
    const { rate, muonRate, decay, clip } = this.#options
    let squares = 0
    for (const gradient of gradients.values()) for (const g of gradient) squares += g * g
    const held = Math.min(1, clip / (Math.sqrt(squares) + 1e-12))
    for (const [name, gradient] of gradients) {
      const { data, shape } = tensors.get(name)!
      if (muonRate > 0 && isForMuon(name, shape)) {
        const momentum = this.#momentsOf(name, data.length)
        const update = new Float64Array(data.length)
        for (let k = 0; k < data.length; k++) {
          const g = held * gradient[k]
          momentum[k] += (1 - muonMomentum) * (g - momentum[k])
          update[k] = g + muonMomentum * (momentum[k] - g)
        }
        orthogonalize(update, shape[0])
        const kept = 1 - factor * muonRate * decay
        for (let k = 0; k < data.length; k++) data[k] = kept * data[k] - factor * muonRate * update[k]
        continue
      }
      const moments = this.#momentsOf(name, 2 * data.length)
      const kept = shape.length > 1 ? 1 - factor * rate * decay : 1
      const [bias1, bias2] = [1 - beta1 ** step, 1 - beta2 ** step]
      for (let k = 0; k < data.length; k++) {
        const g = held * gradient[k]
        const first = beta1 * moments[2 * k] + (1 - beta1) * g
        const second = beta2 * moments[2 * k + 1] + (1 - beta2) * g * g
        moments[2 * k] = first
        moments[2 * k + 1] = second
        data[k] = kept * data[k] - (factor * rate * (first / bias1)) / (Math.sqrt(second / bias2) + epsilon)
      }
    }
  }

  #momentsOf(name: string, count: number): Float32Array {
    const moments = this.moments.get(name) ?? new Float32Array(count)
    this.moments.set(name, moments)
    return moments
  }
}

/**
 * x `[rows, columns]` becomes q(x xᵀ) x, all singular values near 1. The five steps x := a x + (b s + c s²) x, s = x xᵀ, are polynomials in
 * the first s: they are made on rows × rows matrices, which is a hundredth of the work, and x is multiplied once.
 */
function orthogonalize(x: Float64Array, rows: number): void {
  const columns = x.length / rows
  let norm = 0
  for (const v of x) norm += v * v
  const scale = 1 / (Math.sqrt(norm) + 1e-9)
  for (let k = 0; k < x.length; k++) x[k] *= scale
  let s = new Float64Array(rows * rows)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0, a = i * columns, b = j * columns; k < columns; k++) sum += x[a + k] * x[b + k]
      s[i * rows + j] = sum
      s[j * rows + i] = sum
    }
  }
  let q: Float64Array | undefined
  for (let step = 0; step < newtonSchulzSteps; step++) {
    const squared = product(s, s, rows)
    const p = s.map((v, k) => -4.775 * v + 2.0315 * squared[k] + (k % (rows + 1) === 0 ? 3.4445 : 0))
    q = q ? product(p, q, rows) : p
    s = product(product(p, s, rows), p, rows) // all are polynomials in one matrix, and commute
  }
  const column = new Float64Array(rows)
  for (let k = 0; k < columns; k++) {
    for (let i = 0; i < rows; i++) {
      let sum = 0
      for (let j = 0; j < rows; j++) sum += q![i * rows + j] * x[j * columns + k]
      column[i] = sum
    }
    for (let i = 0; i < rows; i++) x[i * columns + k] = column[i]
  }
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const v = a[i * size + k]
      for (let j = 0; j < size; j++) out[i * size + j] += v * b[k * size + j]
    }
  }
  return out
}
