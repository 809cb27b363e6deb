import { layerNorm as layerNormShader, linear as registers, linearMatrix as matrix } from '../generated/wgsl.ts'
import type { Norm } from '../norm.ts'
import type { Precision } from '../precision.ts'
import type { GpuContext, GpuKernel, GpuTensor, GpuWeights } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'
import { storedWeights } from '../webgpu/product/half-weights.ts'
import type { LinearArguments } from './linear.ts'
import { enqueueProduct } from '../webgpu/product/product.ts'

const statisticsThreads = 64 // as in layer-norm.wgsl

export const linearGpu: GpuKernel<'linear'> = (args, context) => {
  enqueueLinear(args, context)
}

/** Of a norm over the channels of each position of an input, of which a step takes those from `start` on. */
export interface StatisticsPart {
  /** Means and scales `[2, length]`, contiguous, as shaders index them without a stride; then one value more. */
  readonly of: GpuTensor
  readonly length: number
  readonly start: number
}

/**
 * The op `linear`, as a step of other ops too; `out` and `input` may share a buffer. f32 where the step asks for it.
 * `statistics` are those of `norm`, where the op has them for all its steps.
 */
export function enqueueLinear(
  a: LinearArguments<GpuTensor, GpuWeights>,
  context: GpuContext,
  given: { readonly precision?: Precision; readonly statistics?: StatisticsPart } = {},
): void {
  const { precision = context.precision } = given
  const { out, weight, bias, norm, residual } = a
  const input = context.apart(a.input, out)
  const statistics = norm && (given.statistics ?? enqueueStatistics(input, norm, context))
  enqueueProduct(
    {
      shaders: { registers, matrix },
      precision,
      outChannels: out.channelCount,
      length: out.length,
      input,
      constants: {
        hasBias: bias ? 1 : 0,
        hasNorm: norm ? 1 : 0,
        hasGelu: a.activation === 'gelu' ? 1 : 0,
        residualSource: residual ? (residual.buffer === out.buffer ? 2 : 1) : 0,
      },
      uniforms: {
        outChannels: out.channelCount,
        inChannels: input.channelCount,
        length: out.length,
        ...place('out', out),
        ...place('input', input),
        ...place('residual', residual),
        statisticsStart: statistics?.start ?? 0,
        statisticsLength: statistics?.length ?? 0,
      },
      buffers: {
        1: out.buffer,
        2: input.buffer,
        3: precision === 'f16' ? storedWeights(weight, context) : weight.buffer,
        4: bias?.buffer ?? context.none,
        5: statistics?.of.buffer ?? context.none,
        6: norm?.weight.buffer ?? context.none,
        7: norm?.bias.buffer ?? context.none,
        8: residual && residual.buffer !== out.buffer ? residual.buffer : context.none,
      },
      inputBindings: [2, 5, 6, 7],
      range: { binding: 5, element: 2 * (statistics?.length ?? 0), buffer: statistics?.of.buffer },
    },
    context,
  )
}

/** Queues those of all positions of `input`. */
export function enqueueStatistics(input: GpuTensor, norm: Norm<GpuWeights>, context: GpuContext): StatisticsPart {
  const statistics = context.scratch(1, 2 * input.length + 1)
  context.dispatch({
    shader: layerNormShader,
    entry: 'layerNormStatistics',
    uniforms: {
      channelCount: input.channelCount,
      length: input.length,
      ...place('input', input),
      epsilon: norm.epsilon,
    },
    buffers: [statistics.buffer, input.buffer],
    tiles: Math.ceil(input.length / statisticsThreads),
  })
  return { of: statistics, length: input.length, start: 0 }
}
