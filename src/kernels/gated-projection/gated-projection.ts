import { ShapeError } from '../../errors.ts'
import type { Norm } from '../norm.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * The way into a Hyena operator. With u = weight · norm(input) + bias (`[3·channels, ·]`) and s = a depthwise
 * convolution of u with `taps` taps plus shortBias, split into x0, x1, v (in this order):
 * `gate = x0`, `value = v * x1`.
 *
 * padding `causal`: input is as long as the outputs, `s[t] = Σ_j shortWeight[j] · u[t - (taps - 1) + j]`; u before the
 * input comes from `history` (the inputs just before; u is computed from them) or, without one, is 0 (not the bias).
 * padding `valid`: input has taps - 1 more positions than the outputs, `s[t] = Σ_j shortWeight[j] · u[t + j]`.
 * (cross-correlation, as torch.nn.Conv1d)
 */
export interface GatedProjectionArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly gate: T // [channels, length]
  readonly value: T // [channels, length]
  readonly input: T // [inChannels, length] or [inChannels, length + taps - 1]
  readonly history?: T // [inChannels, taps - 1]
  readonly norm: Norm<W>
  readonly weight: W // [3 * channels, inChannels]
  readonly bias: W // [3 * channels]
  readonly shortWeight: W // [3 * channels, taps]
  readonly shortBias: W // [3 * channels]
  readonly padding: 'causal' | 'valid'
}

export function checkGatedProjection(a: GatedProjectionArguments): void {
  const op = 'gatedProjection'
  const { channelCount, length } = a.gate
  const taps = a.shortWeight.shape[1]
  const inChannels = a.input.channelCount
  expectShape(op, 'value', a.value, channelCount, length)
  expectShape(op, 'input', a.input, inChannels, a.padding === 'valid' ? length + taps - 1 : length)
  expectWeights(op, 'weight', a.weight, [3 * channelCount, inChannels])
  expectWeights(op, 'bias', a.bias, [3 * channelCount])
  expectWeights(op, 'shortWeight', a.shortWeight, [3 * channelCount, taps])
  expectWeights(op, 'shortBias', a.shortBias, [3 * channelCount])
  if (a.history) {
    if (a.padding === 'valid') throw new ShapeError({ where: op, what: 'history goes with causal padding only' })
    expectShape(op, 'history', a.history, inChannels, taps - 1)
  }
}
