import { ShapeError } from '../../errors.ts'
import { checkPieces, type Pieces } from '../pieces.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/** Of `before` and `after` where none is given. */
export const defaultSlope = 0.1

/**
 * Dense dilated convolution without padding (cross-correlation, as torch.nn.Conv1d):
 * `a = leaky(scale · input + shift)` where `before` is given, else input;
 * `out[o, t] = leakyIf(after)(bias[o] + Σ_i Σ_j weight[o, i, j] · a[i, t + j · dilation]) + residual[o, t]`.
 * `leaky(x) = x > 0 ? x : slope · x`. input.length = out.length + (width - 1) · dilation. `out` overlaps neither input nor residual,
 * except that it may be the same view as `residual`. With `pieces` that holds for each piece: all operands have its stride, and
 * positions of `out` between pieces stay as they are.
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
  /** 0 is ReLU; at most 1. Default 0.1. */
  readonly slope?: number
  readonly residual?: T // [outChannels, length]
  readonly pieces?: Pieces
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
  if (a.slope !== undefined && !(a.slope >= 0 && a.slope <= 1))
    throw new ShapeError({ where: op, what: 'bad slope', expected: 'a number from 0 to 1', got: `${a.slope}` })
  expectWeights(op, 'weight', a.weight, [channelCount, inChannels, width])
  expectWeights(op, 'bias', a.bias, [channelCount])
  expectShape(op, 'input', a.input, inChannels, length + (width - 1) * a.dilation)
  if (a.pieces) checkPieces(op, a.out, a.pieces)
  if (a.residual) expectShape(op, 'residual', a.residual, channelCount, length)
}
