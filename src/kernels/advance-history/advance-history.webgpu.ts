import { advanceHistory as shader } from '../generated/wgsl.ts'
import { type GpuKernel, place } from '../webgpu/context.ts'

export const advanceHistoryGpu: GpuKernel<'advanceHistory'> = ({ history, input }, context) => {
  if (input.length === 0 || history.length === 0) return
  const from = context.apart(input, history)
  context.dispatch({
    shader,
    entry: 'advanceHistory',
    u32: [history.length, from.length, ...place(history), ...place(from)],
    buffers: [history.buffer, from.buffer],
    tiles: 1,
    rows: history.channelCount,
  })
}
