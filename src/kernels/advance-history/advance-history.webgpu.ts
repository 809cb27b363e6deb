import { advanceHistory as shader } from '../generated/wgsl.ts'
import type { GpuKernel } from '../webgpu/context.ts'
import { place } from '../webgpu/shader.ts'

export const advanceHistoryGpu: GpuKernel<'advanceHistory'> = ({ history, input }, context) => {
  if (input.length === 0 || history.length === 0) return
  const from = context.apart(input, history)
  context.dispatch({
    shader,
    entry: 'advanceHistory',
    uniforms: {
      historyLength: history.length,
      inputLength: from.length,
      ...place('history', history),
      ...place('input', from),
    },
    buffers: [history.buffer, from.buffer],
    tiles: 1,
    rows: history.channelCount,
  })
}
