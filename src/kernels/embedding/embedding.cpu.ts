import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'

/** Channels are shared out; each is one pass over the codes. */
export const embeddingCpu: CpuKernel<'embedding'> = ({ out, codes, table }, context) => {
  const from = row(codes, 0)
  const rows = table.shape[0]!
  const column = new Float32Array(rows)
  for (const c of context.tiles(out.channelCount)) {
    for (let v = 0; v < rows; v++) column[v] = table.data[v * out.channelCount + c]!
    const to = row(out, c)
    for (let t = 0; t < to.length; t++) to[t] = column[from[t]!]!
  }
}
