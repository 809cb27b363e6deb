import { row } from '../cpu/cpu-tensor.ts'
import type { CpuKernel } from '../cpu/steps.ts'
import { normGradientWasm } from '../generated/norm-gradient.wasm.ts'

/** Positions at a time. */
const tileLength = 512

/** Every worker sums over positions of its own, always the same ones; the sums are added in the order of the workers. */
export const normGradientCpu: CpuKernel<'normGradient'> = (a, context) => {
  const { channelCount, length } = a.input
  const rowFloats = tileLength + 16
  const scratch = context.wasm(normGradientWasm)
  scratch.reset()
  const [g, x, weight, sums] = [channelCount * rowFloats, channelCount * rowFloats, channelCount, channelCount * 8].map(
    (n) => scratch.allocate(n),
  ) as [number, number, number, number]
  const memory = scratch.all()
  memory.set(a.norm.weight.data, weight / 4)
  memory.fill(0, g / 4, g / 4 + channelCount * rowFloats)
  memory.fill(0, x / 4, x / 4 + channelCount * rowFloats)
  const totals = new Float64Array(2 * channelCount)
  const share = Math.ceil(Math.ceil(length / tileLength) / context.workerCount) * tileLength
  const end = Math.min(length, (context.workerIndex + 1) * share)
  for (let start = context.workerIndex * share; start < end; start += tileLength) {
    const n = Math.min(tileLength, end - start)
    for (let c = 0; c < channelCount; c++) {
      for (const [tensor, at] of [[a.gradient, g] as const, [a.input, x] as const]) {
        const first = at / 4 + c * rowFloats
        memory.set(row(tensor, c, start, n), first)
        memory.fill(0, first + n, first + tileLength)
      }
    }
    memory.fill(0, sums / 4, sums / 4 + channelCount * 8)
    const padded = Math.ceil(n / 4) * 4
    scratch.exports.normBackward(g, x, rowFloats * 4, channelCount, padded, weight, a.norm.epsilon, sums)
    for (let c = 0; c < channelCount; c++) {
      for (let lane = 0; lane < 8; lane++) totals[2 * c + (lane >> 2)] += memory[sums / 4 + 8 * c + lane]
      row(a.out, c, start, n).set(memory.subarray(g / 4 + c * rowFloats, g / 4 + c * rowFloats + n))
    }
  }
  for (let worker = 0; worker < context.workerCount; worker++) {
    if (worker === context.workerIndex) {
      for (let c = 0; c < channelCount; c++) {
        for (const [k, out] of [a.weightGradient, a.biasGradient].entries()) {
          const at = row(out, c)
          at[0] = (worker === 0 ? 0 : at[0]) + totals[2 * c + k]
        }
      }
    }
    context.barrier()
  }
}
