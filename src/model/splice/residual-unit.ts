import type { Ops } from '../../kernels/ops.ts'
import { type Tensor, view, type Weights } from '../../kernels/tensor.ts'
import type { NamedTensor } from '../checkpoint.ts'
import type { Parameters } from '../parameters.ts'
import { unitMargin } from '../receptive-field.ts'

/** x + conv2(leaky(affine2(conv1(leaky(affine1(x)))))) without padding; affine2 is folded into conv1. */
export interface ResidualUnit {
  readonly width: number
  readonly dilation: number
  readonly before: { readonly scale: Weights; readonly shift: Weights }
  readonly conv1: { readonly weight: Weights; readonly bias: Weights }
  readonly conv2: { readonly weight: Weights; readonly bias: Weights }
}

/** scale · x + shift, per channel. */
export interface Affine {
  readonly scale: Float32Array
  readonly shift: Float32Array
}

/** An inference-time batch norm as an affine map: `(x - mean) / sqrt(var + epsilon) · weight + bias`. */
export function affineOfBatchNorm(parameters: Parameters, prefix: string, epsilon: number): Affine {
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (n) => parameters.host(`${prefix}.${n}`).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array]
  const scale = weight.map((w, c) => w / Math.sqrt(variance[c] + epsilon))
  return { scale, shift: bias.map((b, c) => b - mean[c] * scale[c]) }
}

export function residualUnit(
  parameters: Parameters,
  prefix: string,
  shape: { width: number; dilation: number },
  affine1: Affine,
  affine2: Affine,
): ResidualUnit {
  const { data: w, shape: wShape }: NamedTensor = parameters.host(`${prefix}.conv1.weight`)
  const { data: b } = parameters.host(`${prefix}.conv1.bias`)
  const perOutput = w.length / b.length
  const channels = b.length
  return {
    ...shape,
    before: {
      scale: parameters.upload(affine1.scale, [channels]),
      shift: parameters.upload(affine1.shift, [channels]),
    },
    conv1: {
      weight: parameters.upload(
        w.map((v, i) => v * affine2.scale[Math.floor(i / perOutput)]),
        wShape,
      ),
      bias: parameters.upload(
        b.map((v, o) => v * affine2.scale[o] + affine2.shift[o]),
        [channels],
      ),
    },
    conv2: parameters.linear(`${prefix}.conv2`),
  }
}

/** Queues a unit on x in place: gives the part of x that is still exact, `unitMargin` positions less on each side. */
export function queueResidualUnit(ops: Ops, unit: ResidualUnit, x: Tensor, scratch: Tensor, slope?: number): Tensor {
  const { dilation } = unit
  const margin = unitMargin(unit)
  const inner = view(scratch, { length: x.length - margin })
  ops.dilatedConv({ out: inner, input: x, ...unit.conv1, dilation, before: unit.before, after: true, slope })
  const out = view(x, { start: margin, length: x.length - 2 * margin })
  ops.dilatedConv({ out, input: inner, ...unit.conv2, dilation, residual: out })
  return out
}
