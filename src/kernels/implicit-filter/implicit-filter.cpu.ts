import type { CpuKernel } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'

export const implicitFilterCpu: CpuKernel<'implicitFilter'> = (a, context) => {
  const width = a.freq.shape[0]!
  const bands = (a.embeddingSize - 1) / 2
  const tileLength = 256
  for (const tile of context.tiles(Math.ceil(a.out.length / tileLength))) {
    const end = Math.min(a.out.length, (tile + 1) * tileLength)
    for (let position = tile * tileLength; position < end; position++) {
      const i = a.firstTap + position
      const t = a.t ? a.t.data[i]! : i / (a.tapCount - 1)
      const w = (2 * Math.PI * i) / a.tapCount
      let h: number[] = [t]
      for (let b = 0; b < bands; b++) h.push(Math.cos((bands === 1 ? 1e-4 : 1e-4 + ((bands - 1 - 1e-4) * b) / (bands - 1)) * w))
      for (let b = 0; b < bands; b++) h.push(-Math.sin((bands === 1 ? 1e-4 : 1e-4 + ((bands - 1 - 1e-4) * b) / (bands - 1)) * w))
      if (a.z) h = Array.from(a.z.data.subarray(i * a.embeddingSize, (i + 1) * a.embeddingSize))
      for (const layer of a.layers) {
        const size = h.length
        const next = new Array<number>(width)
        for (let o = 0; o < width; o++) {
          let sum = layer.bias.data[o]!
          for (let k = 0; k < size; k++) sum += layer.weight.data[o * size + k]! * h[k]!
          next[o] = Math.sin(a.freq.data[o]! * sum)
        }
        h = next
      }
      for (let c = 0; c < a.out.channelCount; c++) {
        let sum = 0
        for (let k = 0; k < width; k++) sum += a.outWeight.data[c * width + k]! * h[k]!
        row(a.out, c)[position] = sum * (Math.exp(-t * Math.abs(a.deltas.data[c]!)) + a.shift)
      }
    }
  }
}
