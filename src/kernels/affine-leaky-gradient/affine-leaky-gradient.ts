import { ShapeError } from '../../errors.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * Gradients of `a = leaky(scale · input + shift)`, channel by channel. With `d = gradient · (1 where scale · input + shift > 0, else
 * slope)`: the middle of `out` becomes `scale · d` (plus `skip` in its own middle), what is left of it on both sides 0;
 * `scaleGradient[c, 0] = Σ_t d · input`, `shiftGradient[c, 0] = Σ_t d`. Differences of length are even. `out` overlaps nothing else.
 */
export interface AffineLeakyGradientArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [channels, length + 2 * padding]
  readonly scaleGradient: T // [channels, 1]
  readonly shiftGradient: T // [channels, 1]
  readonly input: T // [channels, length]
  readonly gradient: T // [channels, length], of a
  readonly scale: W // [channels]
  readonly shift: W // [channels]
  /** Gradient that reaches the input by another way. */
  readonly skip?: T // [channels, length - 2 * margin]
  /** 0 is ReLU; at most 1. Default 0.1. */
  readonly slope?: number
}

export function checkAffineLeakyGradient(a: AffineLeakyGradientArguments): void {
  const op = 'affineLeakyGradient'
  const { channelCount, length } = a.input
  expectShape(op, 'gradient', a.gradient, channelCount, length)
  expectShape(op, 'scaleGradient', a.scaleGradient, channelCount, 1)
  expectShape(op, 'shiftGradient', a.shiftGradient, channelCount, 1)
  expectWeights(op, 'scale', a.scale, [channelCount])
  expectWeights(op, 'shift', a.shift, [channelCount])
  expectShape(op, 'out', a.out, channelCount, a.out.length)
  if (a.slope !== undefined && !(a.slope >= 0 && a.slope <= 1))
    throw new ShapeError({ where: op, what: 'bad slope', expected: 'a number from 0 to 1', got: `${a.slope}` })
  expectCentred('out', a.out.length - length)
  if (a.skip) {
    expectShape(op, 'skip', a.skip, channelCount, a.skip.length)
    expectCentred('skip', length - a.skip.length)
  }
  function expectCentred(name: string, difference: number): void {
    if (difference < 0 || difference % 2 !== 0)
      throw new ShapeError({
        where: op,
        what: `${name} does not fit`,
        expected: `${name === 'out' ? 'as many positions as input, or more' : 'as many positions as input, or fewer'}, an even number`,
        got: `a difference of ${name === 'out' ? difference : -difference}`,
      })
  }
}
