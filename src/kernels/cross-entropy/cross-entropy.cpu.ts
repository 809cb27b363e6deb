import { row } from '../cpu/cpu-tensor.ts'
import type { CpuKernel } from '../cpu/steps.ts'

/** Positions at a time. */
const tileLength = 2048

/** In float64: a few classes a position, next to nothing beside the layers before it. */
export const crossEntropyCpu: CpuKernel<'crossEntropy'> = ({ gradient, loss, logits, labels, scale }, context) => {
  const classCount = logits.channelCount
  const powers = new Float64Array(classCount)
  for (const tile of context.tiles(Math.ceil(logits.length / tileLength))) {
    const start = tile * tileLength
    const n = Math.min(tileLength, logits.length - start)
    const [lossRow, labelRow] = [row(loss, 0, start, n), row(labels, 0, start, n)]
    const from = Array.from({ length: classCount }, (_, k) => row(logits, k, start, n))
    const to = Array.from({ length: classCount }, (_, k) => row(gradient, k, start, n))
    for (let t = 0; t < n; t++) {
      const label = labelRow[t]
      if (label < 0) {
        lossRow[t] = 0
        for (const out of to) out[t] = 0
        continue
      }
      if (!(label < classCount) || label % 1 !== 0)
        throw new RangeError(
          `crossEntropy: label ${label} at position ${start + t}: expected a whole number below ${classCount}`,
        )
      let most = from[0][t]
      for (let k = 1; k < classCount; k++) most = Math.max(most, from[k][t])
      let sum = 0
      for (let k = 0; k < classCount; k++) {
        powers[k] = Math.exp(from[k][t] - most)
        sum += powers[k]
      }
      lossRow[t] = Math.log(sum) - (from[label][t] - most)
      for (let k = 0; k < classCount; k++) to[k][t] = scale * (powers[k] / sum - (k === label ? 1 : 0))
    }
  }
}
