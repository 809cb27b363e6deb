import { layerNorm as layerNormShader, linear as linearShader } from '../generated/wgsl.ts'
import type { Norm } from '../norm.ts'
import { type GpuContext, type GpuKernel, type GpuTensor, type GpuWeights, place } from '../webgpu/context.ts'
import type { LinearArguments } from './linear.ts'

const statisticsThreads = 64 // as in layer-norm.wgsl
const outputsPerThread = 8 // as in linear.wgsl
const positionsPerThread = 4

export const linearGpu: GpuKernel<'linear'> = (args, context) => {
  enqueueLinear(args, context)
}

/** The op `linear`, as a step of other ops too; `out` and `input` may share a buffer. */
export function enqueueLinear(a: LinearArguments<GpuTensor, GpuWeights>, context: GpuContext): void {
  const { out, weight, bias, norm, residual } = a
  const input = context.apart(a.input, out)
  const statistics = norm && enqueueStatistics(input, norm, context)
  const { threadsO, threadsT } = linearThreads(out.channelCount, out.length)
  context.dispatch({
    shader: linearShader,
    entry: 'linear',
    constants: {
      threadsT,
      threadsO,
      hasBias: bias ? 1 : 0,
      hasNorm: norm ? 1 : 0,
      hasGelu: a.activation === 'gelu' ? 1 : 0,
      residualSource: residual ? (residual.buffer === out.buffer ? 2 : 1) : 0,
    },
    u32: [out.channelCount, input.channelCount, out.length, ...place(out), ...place(input), ...place(residual ?? out)],
    buffers: [
      out.buffer,
      input.buffer,
      weight.buffer,
      bias?.buffer ?? context.none,
      statistics?.buffer ?? context.none,
      norm?.weight.buffer ?? context.none,
      norm?.bias.buffer ?? context.none,
      residual && residual.buffer !== out.buffer ? residual.buffer : context.none,
    ],
    tiles: Math.ceil(out.length / (threadsT * positionsPerThread)),
    rows: Math.ceil(out.channelCount / (threadsO * outputsPerThread)),
  })
}

/** Means and scales `[2, length]` of each position, for `hasNorm`; contiguous, as shaders index them without a stride. */
export function enqueueStatistics(input: GpuTensor, norm: Norm<GpuWeights>, context: GpuContext): GpuTensor {
  const statistics = context.scratch(1, 2 * input.length)
  context.dispatch({
    shader: layerNormShader,
    entry: 'layerNormStatistics',
    u32: [input.channelCount, input.length, ...place(input)],
    f32: [norm.epsilon],
    buffers: [statistics.buffer, input.buffer],
    tiles: Math.ceil(input.length / statisticsThreads),
  })
  return statistics
}

/** Few outputs take few threads along outputs and more along positions, so that none computes rows that are not there. */
export function linearThreads(outChannels: number, length: number): { threadsO: number; threadsT: number } {
  let threadsO = 1
  while (threadsO < 16 && threadsO * outputsPerThread < outChannels) threadsO *= 2
  const threadsT = threadsO <= 4 && length > 64 ? 32 : 16
  return { threadsO, threadsT }
}
