import type { CpuKernel } from '../cpu/steps.ts'
import { copyIn, copyOut, copyWeights, multipleOf, phaseBytes, rowFloatsFor, tileLengthFor } from '../cpu/dense-tile.ts'
import { linearWasm } from '../generated/linear.wasm.ts'

/** About how many output channels are computed at a time: their weights stay in L1 while all positions of the tile pass. */
const groupChannels = 32

/** Positions are shared out in tiles; a worker packs the weights into its scratch once a call. */
export const linearCpu: CpuKernel<'linear'> = ({ out, input, weight, bias, norm, activation, residual }, context) => {
  const [outChannels, inChannels] = weight.shape as [number, number]
  const scratch = context.wasm(linearWasm)
  const wasm = scratch.exports
  const block = wasm.blockOutputs.value
  const panel = wasm.panelPositions.value
  const paddedOutputs = multipleOf(block, outChannels)
  const group = Math.min(multipleOf(block, groupChannels), paddedOutputs)
  const tileLength = tileLengthFor(out.length, context.workerCount, inChannels + 2 * group)
  const rowFloats = rowFloatsFor(tileLength)

  scratch.reset()
  const packed = scratch.allocate(paddedOutputs * inChannels)
  const biasArea = scratch.allocate(paddedOutputs)
  const normWeight = scratch.allocate(inChannels)
  const normBias = scratch.allocate(inChannels)
  const panels = scratch.allocate(inChannels * tileLength)
  const y = scratch.allocate(group * rowFloats + 16)
  const kept = scratch.allocate(group * rowFloats + 16)
  const rows = scratch.allocate(Math.max(inChannels * rowFloats + 16, weight.data.length)) // first the weights as they come
  const memory = scratch.all()

  copyWeights(memory, rows, weight)
  wasm.packWeights(packed, rows, inChannels * 4, outChannels, inChannels, inChannels)
  memory.fill(0, biasArea / 4, biasArea / 4 + paddedOutputs)
  if (bias) copyWeights(memory, biasArea, bias)
  if (norm) {
    copyWeights(memory, normWeight, norm.weight)
    copyWeights(memory, normBias, norm.bias)
  }

  for (const tile of context.tiles(Math.ceil(out.length / tileLength))) {
    const start = tile * tileLength
    const count = Math.min(tileLength, out.length - start)
    const panelCount = Math.ceil(count / panel)
    const x = rows + phaseBytes(input, start)
    copyIn(memory, x, rowFloats, input, start, count)
    if (norm)
      wasm.normalizeToPanels(panels, x, rowFloats * 4, inChannels, panelCount, normWeight, normBias, norm.epsilon)
    else wasm.toPanels(panels, x, rowFloats * 4, inChannels, panelCount)

    const result = y + phaseBytes(out, start)
    for (let o = 0; o < outChannels; o += group) {
      const channels = Math.min(group, outChannels - o)
      const blocks = Math.ceil(channels / block)
      wasm.multiply(
        result,
        rowFloats * 4,
        panel * 4,
        packed + o * inChannels * 4,
        biasArea + o * 4,
        panels,
        inChannels,
        blocks,
        panelCount,
      )
      if (activation === 'gelu') wasm.activate(result, (channels * rowFloats) / 4)
      if (residual) {
        const old = kept + phaseBytes(residual, start)
        copyIn(memory, old, rowFloats, residual, start, count, o, channels)
        wasm.addTo(result, old, (channels * rowFloats) / 4)
      }
      copyOut(memory, result, rowFloats, out, start, count, o, channels)
    }
  }
}
