import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'
import { leakySlope } from './dilated-conv.ts'

const tileLength = 1024
const leaky = (x: number): number => (x > 0 ? x : leakySlope * x)

export const dilatedConvCpu: CpuKernel<'dilatedConv'> = (a, context) => {
  const [outChannels, inChannels, width] = a.weight.shape as [number, number, number]
  const span = (width - 1) * a.dilation
  for (const tile of context.tiles(Math.ceil(a.out.length / tileLength))) {
    const start = tile * tileLength
    const n = Math.min(tileLength, a.out.length - start)
    const x = Array.from({ length: inChannels }, (_, i) => {
      const values = row(a.input, i, start, n + span)
      if (!a.before) return values
      const scale = a.before.scale.data[i]!
      const shift = a.before.shift.data[i]!
      return values.map((v) => leaky(v * scale + shift))
    })
    for (let o = 0; o < outChannels; o++) {
      const y = new Float32Array(n).fill(a.bias.data[o]!)
      for (let i = 0; i < inChannels; i++) {
        for (let j = 0; j < width; j++) {
          const w = a.weight.data[(o * inChannels + i) * width + j]!
          const from = x[i]!
          for (let t = 0, s = j * a.dilation; t < n; t++, s++) y[t] = y[t]! + w * from[s]!
        }
      }
      const residual = a.residual && row(a.residual, o, start, n)
      const to = row(a.out, o, start, n)
      for (let t = 0; t < n; t++) to[t] = (a.after ? leaky(y[t]!) : y[t]!) + (residual ? residual[t]! : 0)
    }
  }
}
