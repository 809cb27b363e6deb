import { ShapeError } from '../../errors.ts'
import { expectWeights, type Tensor, type Weights } from '../tensor.ts'

/**
 * The Hyena filter as a function of position (Poli et al. 2023, section 3.3; docs/models.md, section 1):
 * `h = sin(freq·(W0 z_i + b0))`, `h = sin(freq·(W h + b))` for each inner layer,
 * `out[c, i] = (Wout h)[c] · (exp(-t_i |delta_c|) + shift)`, for taps i = firstTap .. firstTap + out.length - 1.
 *
 * z_i = [t_i, cos(f_b w_i) .., -sin(f_b w_i) ..], t_i = i / max(1, tapCount - 1), w_i = 2π i / tapCount, f = linspace(1e-4, B - 1, B),
 * B = (embeddingSize - 1) / 2; from `z` and `t` where given.
 */
export interface ImplicitFilterArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [channels, count]
  readonly firstTap: number
  /** l_max: the filter's whole length, which t and w are relative to. */
  readonly tapCount: number
  readonly embeddingSize: number
  /** Tables of a checkpoint; else computed in float64. */
  readonly z?: W // [>= firstTap + count, embeddingSize]
  readonly t?: W // [>= firstTap + count]
  readonly freq: W // [width]
  readonly layers: readonly { readonly weight: W; readonly bias: W }[] // [width, embeddingSize], then [width, width] ..
  readonly outWeight: W // [channels, width]
  readonly deltas: W // [channels]
  readonly shift: number
}

export function checkImplicitFilter(a: ImplicitFilterArguments): void {
  const op = 'implicitFilter'
  const width = a.freq.shape[0]
  const end = a.firstTap + a.out.length
  for (const [name, table] of [
    ['z', a.z],
    ['t', a.t],
  ] as const) {
    if (!table || table.shape[0] >= end) continue
    throw new ShapeError({
      where: op,
      what: `table ${name} is too short`,
      expected: `${end} rows`,
      got: `${table.shape[0]}`,
    })
  }
  if (a.z) expectWeights(op, 'z', a.z, [a.z.shape[0], a.embeddingSize])
  if (a.embeddingSize % 2 === 0) {
    throw new ShapeError({
      where: op,
      what: 'bad embeddingSize',
      expected: 'an odd number (t, cosines, sines)',
      got: `${a.embeddingSize}`,
    })
  }
  a.layers.forEach((layer, i) => {
    expectWeights(op, `layers[${i}].weight`, layer.weight, [width, i === 0 ? a.embeddingSize : width])
    expectWeights(op, `layers[${i}].bias`, layer.bias, [width])
  })
  expectWeights(op, 'outWeight', a.outWeight, [a.out.channelCount, width])
  expectWeights(op, 'deltas', a.deltas, [a.out.channelCount])
}
