import { ShapeError } from '../../errors.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * Gradients of a dilated convolution's weight and bias (see DilatedConvArguments, without `after` and `residual`):
 * `weightGradient[o, i · width + j] = Σ_t gradient[o, t] · a[i, t + j · dilation]`, `a = leaky(scale · input + shift)` where
 * `before` is given, else input; `biasGradient[o, 0] = Σ_t gradient[o, t]`. Outputs overlap nothing. On one number of
 * threads the sums are always made in the same order.
 */
export interface DilatedConvWeightsArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly weightGradient: T // [outChannels, inChannels * width]
  readonly biasGradient: T // [outChannels, 1]
  readonly input: T // [inChannels, length + (width - 1) * dilation]
  readonly gradient: T // [outChannels, length], of the convolution's result
  readonly width: number
  readonly dilation: number
  readonly before?: { readonly scale: W; readonly shift: W } // [inChannels] each; LeakyReLU follows
  /** 0 is ReLU; at most 1. Default 0.1. */
  readonly slope?: number
}

export function checkDilatedConvWeights(a: DilatedConvWeightsArguments): void {
  const op = 'dilatedConvWeights'
  const { channelCount, length } = a.gradient
  const inChannels = a.input.channelCount
  for (const name of ['width', 'dilation'] as const) {
    if (!Number.isInteger(a[name]) || a[name] < 1)
      throw new ShapeError({
        where: op,
        what: `bad ${name}`,
        expected: 'a whole number of at least 1',
        got: `${a[name]}`,
      })
  }
  if (a.slope !== undefined && !(a.slope >= 0 && a.slope <= 1))
    throw new ShapeError({ where: op, what: 'bad slope', expected: 'a number from 0 to 1', got: `${a.slope}` })
  expectShape(op, 'weightGradient', a.weightGradient, channelCount, inChannels * a.width)
  expectShape(op, 'biasGradient', a.biasGradient, channelCount, 1)
  expectShape(op, 'input', a.input, inChannels, length + (a.width - 1) * a.dilation)
  if (a.before) {
    expectWeights(op, 'before.scale', a.before.scale, [inChannels])
    expectWeights(op, 'before.shift', a.before.shift, [inChannels])
  }
}
