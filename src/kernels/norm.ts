import type { Weights } from './tensor.ts'

/** Layer normalisation over channels at each position: biased variance, `(x - mean) / sqrt(var + epsilon) * weight + bias`. */
export interface Norm<W extends Weights = Weights> {
  readonly weight: W // [channels]
  readonly bias: W // [channels]
  readonly epsilon: number
}
