import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'
import { matmulTile, normTile } from '../linear/linear.cpu.ts'

const tileLength = 256

export const gatedProjectionCpu: CpuKernel<'gatedProjection'> = (a, context) => {
  const { channelCount, length } = a.gate
  const taps = a.shortWeight.shape[1]!
  const causal = a.padding === 'causal'
  for (const tile of context.tiles(Math.ceil(length / tileLength))) {
    const start = tile * tileLength
    const n = Math.min(tileLength, length - start)
    // u at positions start - (taps - 1) .. start + n (causal) or start .. start + n + taps - 1 (valid), in input coordinates.
    const first = causal ? start - (taps - 1) : start
    const before = Math.min(n + taps - 1, Math.max(0, -first))
    const u = matmulTile(normTile(a.input, first + before, n + taps - 1 - before, a.norm), a.weight, a.bias, n + taps - 1 - before)
    const past = before > 0 && a.history ? matmulTile(normTile(a.history, taps - 1 - before, before, a.norm), a.weight, a.bias, before) : undefined
    const short = u.map((values, c) => {
      const padded = new Float32Array(n + taps - 1)
      if (past) padded.set(past[c]!)
      padded.set(values, before)
      const s = new Float32Array(n).fill(a.shortBias.data[c]!)
      for (let j = 0; j < taps; j++) for (let t = 0; t < n; t++) s[t] = s[t]! + a.shortWeight.data[c * taps + j]! * padded[t + j]!
      return s
    })
    for (let c = 0; c < channelCount; c++) {
      row(a.gate, c, start, n).set(short[c]!)
      const x1 = short[channelCount + c]!
      const v = short[2 * channelCount + c]!
      const to = row(a.value, c, start, n)
      for (let t = 0; t < n; t++) to[t] = x1[t]! * v[t]!
    }
  }
}
