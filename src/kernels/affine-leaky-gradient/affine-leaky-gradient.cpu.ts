import { row } from '../cpu/cpu-tensor.ts'
import type { CpuKernel } from '../cpu/steps.ts'
import { defaultSlope } from '../dilated-conv/dilated-conv.ts'
import { affineLeakyGradientWasm } from '../generated/affine-leaky-gradient.wasm.ts'

/** Positions at a time: three rows of them stay in the L1 cache. */
const tileLength = 2048

/** A channel is one worker's, from its first position to its last: its sums are always made in the same order. */
export const affineLeakyGradientCpu: CpuKernel<'affineLeakyGradient'> = (a, context) => {
  const { length } = a.input
  const slope = a.slope ?? defaultSlope
  const padding = (a.out.length - length) / 2
  const margin = a.skip ? (length - a.skip.length) / 2 : 0
  const scratch = context.wasm(affineLeakyGradientWasm)
  scratch.reset()
  const [g, x, skip, sums] = [tileLength, tileLength, tileLength + 4, 8].map((n) => scratch.allocate(n)) as [
    number,
    number,
    number,
    number,
  ]
  const memory = scratch.all()
  for (const c of context.tiles(a.input.channelCount)) {
    let [scaleSum, shiftSum] = [0, 0]
    row(a.out, c, 0, padding).fill(0)
    row(a.out, c, padding + length, padding).fill(0)
    for (let start = 0; start < length; start += tileLength) {
      const n = Math.min(tileLength, length - start)
      memory.set(row(a.gradient, c, start, n), g / 4)
      memory.set(row(a.input, c, start, n), x / 4)
      if (n % 4 !== 0) {
        memory.fill(0, g / 4 + n, g / 4 + n + 4 - (n % 4))
        memory.fill(0, x / 4 + n, x / 4 + n + 4 - (n % 4))
      }
      memory.fill(0, sums / 4, sums / 4 + 8)
      scratch.exports.affineLeakyBackward(g, x, n, a.scale.data[c], a.shift.data[c], slope, sums)
      for (let lane = 0; lane < 4; lane++) {
        scaleSum += memory[sums / 4 + lane]
        shiftSum += memory[sums / 4 + 4 + lane]
      }
      if (a.skip) {
        const from = Math.max(start, margin)
        const count = Math.min(start + n, margin + a.skip.length) - from
        if (count > 0) {
          memory.set(row(a.skip, c, from - margin, count), skip / 4)
          memory.fill(0, skip / 4 + count, skip / 4 + count + 4)
          scratch.exports.addRow(g + (from - start) * 4, skip, count)
        }
      }
      row(a.out, c, padding + start, n).set(memory.subarray(g / 4, g / 4 + n))
    }
    row(a.scaleGradient, c)[0] = scaleSum
    row(a.shiftGradient, c)[0] = shiftSum
  }
}
