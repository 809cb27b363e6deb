import type { Backend } from '../../src/kernels/backend.ts'
import { findAdapter } from '../../src/kernels/webgpu/adapter.ts'
import { dilatedConv } from '../oracle/dilated-conv.ts'
import { geluTanh, layerNorm, linear, matrix } from '../oracle/linear.ts'
import { gpuSkipReason, poisoned, randomArray, relativeL2, tensorOf } from './backends.ts'

const found = await findAdapter('f16')
/** Why tests of precision f16 cannot run here, if they cannot. */
export const gpuHalfSkipReason =
  gpuSkipReason ??
  (found.adapter && !found.adapter.features.has('shader-f16') ? `${found.name} has no shader-f16` : undefined)

/** For tests' names. */
export const gpuHalfSkipNote = gpuHalfSkipReason === undefined ? '' : ` (skipped: ${gpuHalfSkipReason})`

function worstRow(got: Float32Array, expected: readonly Float64Array[]): number {
  const errors = expected.map((row, o) => {
    const mine = got.subarray(o * row.length, (o + 1) * row.length)
    return row.every((v) => v === 0) ? Math.max(...mine.map(Math.abs)) : relativeL2(mine, row)
  })
  return Math.max(...errors)
}

export interface DenseCase {
  readonly inChannels: number
  readonly outChannels: number
  readonly length: number
  readonly weight: Float32Array
  readonly bare?: boolean
  readonly input?: Float32Array
}

/**
 * Relative L2 error of `linear` against float64, the worst output's; of a row of zeros the largest value. With layer norm,
 * bias, GELU and a residual unless `bare`.
 */
export async function denseError(
  b: Backend,
  { inChannels, outChannels, length, weight, bare = false, input: given }: DenseCase,
): Promise<number> {
  const x = given ?? randomArray(inChannels * length, 1)
  const [nw, nb] = [randomArray(inChannels, 4), randomArray(inChannels, 5)]
  const [bias, r] = [randomArray(outChannels, 3), randomArray(outChannels * length, 6)]
  const out = poisoned(b, outChannels, length)
  const args = { out, input: tensorOf(b, inChannels, x), weight: b.weights(weight, [outChannels, inChannels]) }
  if (bare) {
    b.ops.linear(args)
    return worstRow(await b.read(out), linear(matrix(x, inChannels), weight, undefined, outChannels))
  }
  const norm = { weight: b.weights(nw, [inChannels]), bias: b.weights(nb, [inChannels]), epsilon: 1e-5 }
  b.ops.linear({
    ...args,
    norm,
    bias: b.weights(bias, [outChannels]),
    activation: 'gelu',
    residual: tensorOf(b, outChannels, r),
  })
  const y = linear(layerNorm(matrix(x, inChannels), nw, nb, 1e-5), weight, bias, outChannels)
  return worstRow(
    await b.read(out),
    y.map((row, o) => row.map((v, t) => geluTanh(v) + r[o * length + t])),
  )
}

export interface DilatedCase {
  readonly inChannels: number
  readonly outChannels: number
  readonly width: number
  readonly dilation: number
  readonly length: number
}

/** The same of `dilatedConv`, with everything fused. */
export async function dilatedError(
  b: Backend,
  { inChannels, outChannels, width, dilation, length }: DilatedCase,
): Promise<number> {
  const x = randomArray(inChannels * (length + (width - 1) * dilation), 1)
  const [w, bias] = [randomArray(outChannels * inChannels * width, 2), randomArray(outChannels, 3)]
  const [scale, shift] = [randomArray(inChannels, 4), randomArray(inChannels, 5)]
  const r = randomArray(outChannels * length, 6)
  const out = poisoned(b, outChannels, length)
  b.ops.dilatedConv({
    out,
    input: tensorOf(b, inChannels, x),
    weight: b.weights(w, [outChannels, inChannels, width]),
    bias: b.weights(bias, [outChannels]),
    dilation,
    before: { scale: b.weights(scale, [inChannels]), shift: b.weights(shift, [inChannels]) },
    after: true,
    residual: tensorOf(b, outChannels, r),
  })
  const options = { before: { scale, shift }, after: true, residual: matrix(r, outChannels) }
  return worstRow(await b.read(out), dilatedConv(matrix(x, inChannels), w, bias, width, dilation, options))
}
