import type { CpuKernel } from '../cpu/steps.ts'
import { row } from '../cpu/cpu-tensor.ts'
import { pieceLength } from '../pieces.ts'

export const copyPiecesCpu: CpuKernel<'copyPieces'> = ({ out, input, starts, shift, pieces }, context) => {
  const length = pieceLength(out, pieces)
  const from = row(starts, 0)
  for (const c of context.tiles(out.channelCount)) {
    const [to, values] = [row(out, c), row(input, c)]
    for (let k = 0; k < pieces.count; k++) {
      const at = k * pieces.stride
      const start = from[k] + shift
      const first = Math.min(length, Math.max(0, -start)) // below it and from last on there is no input
      const last = Math.max(first, Math.min(length, values.length - start))
      if (first > 0) to.fill(0, at, at + first)
      to.set(values.subarray(start + first, start + last), at + first)
      if (last < length) to.fill(0, at + last, at + length)
    }
  }
}
