import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'
import { gelu, matmulTile, normTile } from '../linear/linear.cpu.ts'

const tileLength = 256

export const mlpCpu: CpuKernel<'mlp'> = (a, context) => {
  for (const tile of context.tiles(Math.ceil(a.out.length / tileLength))) {
    const start = tile * tileLength
    const n = Math.min(tileLength, a.out.length - start)
    const hidden = matmulTile(normTile(a.input, start, n, a.norm), a.fc1.weight, a.fc1.bias, n)
    for (const h of hidden) for (let t = 0; t < n; t++) h[t] = gelu(h[t]!)
    const y = matmulTile(hidden, a.fc2.weight, a.fc2.bias, n)
    y.forEach((values, o) => {
      const from = row(a.input, o, start, n)
      const to = row(a.out, o, start, n)
      for (let t = 0; t < n; t++) to[t] = from[t]! + values[t]!
    })
  }
}
