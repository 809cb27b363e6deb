import type { CpuKernel } from '../cpu/steps.ts'
import { row } from '../cpu/cpu-tensor.ts'

export const advanceHistoryCpu: CpuKernel<'advanceHistory'> = ({ history, input }, context) => {
  const kept = Math.max(0, history.length - input.length)
  for (const c of context.tiles(history.channelCount)) {
    const past = row(history, c)
    past.copyWithin(0, history.length - kept)
    past.set(row(input, c, input.length - (history.length - kept)), kept)
  }
}
