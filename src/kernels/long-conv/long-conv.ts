import { ShapeError } from '../../errors.ts'
import type { LongConvPlan } from './plan.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/** A filter made ready for one plan by `Backend.prepareFilter`; what it holds is the backend's business. */
export interface PreparedFilter {
  readonly plan: LongConvPlan
  readonly channelCount: number
  readonly filterLength: number
  /** Index of the tap that multiplies the position itself: 0 for a causal filter, (filterLength - 1) / 2 for a centred one. */
  readonly centerTap: number
}

/**
 * Depthwise long convolution, gates and skip fused. With x = pre * input (or input), preceded by `history`
 * (already gated) and by zeros, followed by zeros:
 * `out[c, t] = post[c, t] · ( Σ_j k[c, j] · x[c, t + inputShift + centerTap - j] + skip[c] · x[c, t + inputShift] )`.
 * Causal: inputShift 0, centerTap 0. Two-sided without padding: inputShift = centerTap, input longer by filterLength - 1.
 * Positions of `input` count from its own start; history lies at -history.length .. -1.
 * `out` may be the same view as `post`; it must not overlap input or history.
 */
export interface LongConvArguments<
  T extends Tensor = Tensor,
  W extends Weights = Weights,
  F extends PreparedFilter = PreparedFilter,
> {
  readonly out: T // [channels, length]
  readonly input: T // [channels, inputLength]
  readonly history?: T // [channels, historyLength]
  readonly filter: F
  readonly inputShift: number
  readonly pre?: T // [channels, inputLength]
  readonly post?: T // [channels, length]
  readonly skip?: W // [channels]
}

export function checkLongConv(a: LongConvArguments): void {
  const op = 'longConv'
  const { channelCount, length } = a.out
  expectShape(op, 'input', a.input, channelCount, a.input.length)
  if (a.filter.channelCount !== channelCount) {
    throw new ShapeError({
      where: op,
      what: 'filter has the wrong channel count',
      expected: `${channelCount}`,
      got: `${a.filter.channelCount}`,
    })
  }
  if (a.history) expectShape(op, 'history', a.history, channelCount, a.history.length)
  if (a.pre) expectShape(op, 'pre', a.pre, channelCount, a.input.length)
  if (a.post) expectShape(op, 'post', a.post, channelCount, length)
  if (a.skip) expectWeights(op, 'skip', a.skip, [channelCount])
}
