import type { Norm } from '../norm.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * At each position: `out = activation(weight · norm(input) + bias) + residual`.
 * `out` may be `residual` (in place), and may be `input` only where both have one channel count and are the same view.
 */
export interface LinearArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [outChannels, length]
  readonly input: T // [inChannels, length]
  readonly weight: W // [outChannels, inChannels]
  readonly bias?: W // [outChannels]
  readonly norm?: Norm<W> // over inChannels
  /** `gelu` is the tanh form. */
  readonly activation?: 'none' | 'gelu'
  readonly residual?: T // [outChannels, length]
}

export function checkLinear(a: LinearArguments): void {
  const outChannels = a.out.channelCount
  const inChannels = a.input.channelCount
  expectShape('linear', 'input', a.input, inChannels, a.out.length)
  expectWeights('linear', 'weight', a.weight, [outChannels, inChannels])
  if (a.bias) expectWeights('linear', 'bias', a.bias, [outChannels])
  if (a.norm) expectWeights('linear', 'norm.weight', a.norm.weight, [inChannels])
  if (a.residual) expectShape('linear', 'residual', a.residual, outChannels, a.out.length)
}
