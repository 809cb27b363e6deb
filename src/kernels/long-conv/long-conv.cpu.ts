import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'

export const longConvCpu: CpuKernel<'longConv'> = (a, context) => {
  const taps = a.filter['spectra'] as Float32Array
  const { filterLength, centerTap } = a.filter
  for (const c of context.tiles(a.out.channelCount)) {
    const past = a.history ? row(a.history, c) : new Float32Array(0)
    const x = new Float32Array(past.length + a.input.length)
    x.set(past)
    x.set(row(a.input, c), past.length)
    if (a.pre) row(a.pre, c).forEach((g, t) => { x[past.length + t]! *= g })
    const y = row(a.out, c)
    const post = a.post && row(a.post, c)
    const skip = a.skip ? a.skip.data[c]! : 0
    for (let t = 0; t < y.length; t++) {
      let sum = 0
      const center = past.length + t + a.inputShift
      for (let j = Math.max(0, center + centerTap - x.length + 1); j < filterLength; j++) {
        const i = center + centerTap - j
        if (i < 0) break
        sum += taps[c * filterLength + j]! * x[i]!
      }
      if (center >= 0 && center < x.length) sum += skip * x[center]!
      y[t] = post ? post[t]! * sum : sum
    }
  }
}
