import { ShapeError } from '../../errors.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * Dense dilated convolution without padding (cross-correlation, as torch.nn.Conv1d):
 * `a = leaky(scale · input + shift)` where `before` is given, else input;
 * `out[o, t] = leakyIf(after)(bias[o] + Σ_i Σ_j weight[o, i, j] · a[i, t + j · dilation]) + residual[o, t]`.
 * LeakyReLU slope 0.1. input.length = out.length + (width - 1) · dilation. `out` overlaps neither input nor residual,
 * except that it may be the same view as `residual`.
 */
export interface DilatedConvArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [outChannels, length]
  readonly input: T // [inChannels, length + (width - 1) * dilation]
  readonly weight: W // [outChannels, inChannels, width]
  readonly bias: W // [outChannels]
  readonly dilation: number
  readonly before?: { readonly scale: W; readonly shift: W } // [inChannels] each; LeakyReLU follows
  /** LeakyReLU on the result, before the residual is added. */
  readonly after?: boolean
  readonly residual?: T // [outChannels, length]
}

export function checkDilatedConv(a: DilatedConvArguments): void {
  const op = 'dilatedConv'
  const { channelCount, length } = a.out
  const [, inChannels, width] = a.weight.shape as [number, number, number]
  if (!Number.isInteger(a.dilation) || a.dilation < 1)
    throw new ShapeError({
      where: op,
      what: 'bad dilation',
      expected: 'a whole number of at least 1',
      got: `${a.dilation}`,
    })
  expectWeights(op, 'weight', a.weight, [channelCount, inChannels, width])
  expectWeights(op, 'bias', a.bias, [channelCount])
  expectShape(op, 'input', a.input, inChannels, length + (width - 1) * a.dilation)
  if (a.residual) expectShape(op, 'residual', a.residual, channelCount, length)
}
