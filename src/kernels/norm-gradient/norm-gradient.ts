import type { Norm } from '../norm.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * Gradients of a layer norm over channels, `y = (input - mean) / deviation · weight + bias` at each position. With x̂ the
 * normalised input and `h = gradient · weight`: `out = (h - mean(h) - x̂ · mean(h · x̂)) / deviation`,
 * `weightGradient[c, 0] = Σ_t gradient · x̂`, `biasGradient[c, 0] = Σ_t gradient`. `out` overlaps
 * nothing else. On one number of threads the sums are always made in the same order.
 */
export interface NormGradientArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [channels, length]
  readonly weightGradient: T // [channels, 1]
  readonly biasGradient: T // [channels, 1]
  readonly input: T // [channels, length]
  readonly gradient: T // [channels, length], of y
  readonly norm: Norm<W>
}

export function checkNormGradient(a: NormGradientArguments): void {
  const op = 'normGradient'
  const { channelCount, length } = a.input
  expectShape(op, 'out', a.out, channelCount, length)
  expectShape(op, 'gradient', a.gradient, channelCount, length)
  expectShape(op, 'weightGradient', a.weightGradient, channelCount, 1)
  expectShape(op, 'biasGradient', a.biasGradient, channelCount, 1)
  expectWeights(op, 'norm.weight', a.norm.weight, [channelCount])
  expectWeights(op, 'norm.bias', a.norm.bias, [channelCount])
}
