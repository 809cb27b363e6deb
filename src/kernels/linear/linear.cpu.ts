import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'
import type { CpuTensor, CpuWeights } from '../cpu/cpu-tensor.ts'
import type { Norm } from '../norm.ts'

const tileLength = 256

/** norm(input)[:, start .. +n] as [channels][n]. */
export function normTile(input: CpuTensor, start: number, n: number, norm: Norm<CpuWeights> | undefined): Float32Array[] {
  const rows = Array.from({ length: input.channelCount }, (_, c) => row(input, c, start, n).slice())
  if (!norm) return rows
  for (let t = 0; t < n; t++) {
    let mean = 0
    for (const r of rows) mean += r[t]!
    mean /= rows.length
    let variance = 0
    for (const r of rows) variance += (r[t]! - mean) ** 2
    const scale = 1 / Math.sqrt(variance / rows.length + norm.epsilon)
    rows.forEach((r, c) => {
      r[t] = (r[t]! - mean) * scale * norm.weight.data[c]! + norm.bias.data[c]!
    })
  }
  return rows
}

export const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

export function matmulTile(x: Float32Array[], weight: CpuWeights, bias: CpuWeights | undefined, n: number): Float32Array[] {
  const [outChannels, inChannels] = weight.shape as [number, number]
  return Array.from({ length: outChannels }, (_, o) => {
    const y = new Float32Array(n).fill(bias ? bias.data[o]! : 0)
    for (let i = 0; i < inChannels; i++) {
      const w = weight.data[o * inChannels + i]!
      const r = x[i]!
      for (let t = 0; t < n; t++) y[t] = y[t]! + w * r[t]!
    }
    return y
  })
}

export const linearCpu: CpuKernel<'linear'> = (a, context) => {
  for (const tile of context.tiles(Math.ceil(a.out.length / tileLength))) {
    const start = tile * tileLength
    const n = Math.min(tileLength, a.out.length - start)
    const y = matmulTile(normTile(a.input, start, n, a.norm), a.weight, a.bias, n)
    y.forEach((values, o) => {
      const residual = a.residual && row(a.residual, o, start, n)
      const to = row(a.out, o, start, n)
      for (let t = 0; t < n; t++) to[t] = (a.activation === 'gelu' ? gelu(values[t]!) : values[t]!) + (residual ? residual[t]! : 0)
    })
  }
}
