import type { CpuKernel } from '../cpu/steps.ts'
import { copyIn, copyOut, copyWeights, multipleOf, phaseBytes, rowFloatsFor, tileLengthFor } from '../cpu/dense-tile.ts'
import { mlpWasm } from '../generated/mlp.wasm.ts'

/**
 * Hidden channels computed at a time: between the two layers they never leave the cache. Sums over them are made by group, so the
 * number is a multiple of every build's blocks: all builds give the same bits.
 */
const groupChannels = 60

/** Positions are shared out in tiles; the tile's input rows are where the second layer sums up. */
export const mlpCpu: CpuKernel<'mlp'> = ({ out, input, norm, fc1, fc2 }, context) => {
  const [hiddenChannels, channels] = fc1.weight.shape as [number, number]
  const scratch = context.wasm(mlpWasm)
  const wasm = scratch.exports
  const block = wasm.blockOutputs.value
  const panel = wasm.panelPositions.value
  const paddedChannels = multipleOf(block, channels)
  const paddedHidden = multipleOf(block, hiddenChannels)
  const group = Math.min(groupChannels, paddedHidden)
  const tileLength = tileLengthFor(out.length, context.workerCount, 2 * channels + group)
  const rowFloats = rowFloatsFor(tileLength)

  scratch.reset()
  const packed1 = scratch.allocate(paddedHidden * channels)
  const bias1 = scratch.allocate(paddedHidden)
  const packed2 = scratch.allocate(paddedChannels * paddedHidden)
  const bias2 = scratch.allocate(channels)
  const normWeight = scratch.allocate(channels)
  const normBias = scratch.allocate(channels)
  const panels = scratch.allocate(channels * tileLength)
  const hidden = scratch.allocate(group * tileLength)
  const rows = scratch.allocate(Math.max(paddedChannels * rowFloats + 16, hiddenChannels * channels)) // first the weights as they come
  const memory = scratch.all()

  copyWeights(memory, rows, fc1.weight)
  wasm.packWeights(packed1, rows, channels * 4, hiddenChannels, channels, channels)
  copyWeights(memory, rows, fc2.weight)
  for (let h = 0; h < hiddenChannels; h += group) {
    const inputs = Math.min(group, hiddenChannels - h)
    wasm.packWeights(
      packed2 + h * paddedChannels * 4,
      rows + h * 4,
      hiddenChannels * 4,
      channels,
      inputs,
      multipleOf(block, inputs),
    )
  }
  memory.fill(0, bias1 / 4, bias1 / 4 + paddedHidden)
  copyWeights(memory, bias1, fc1.bias)
  copyWeights(memory, bias2, fc2.bias)
  copyWeights(memory, normWeight, norm.weight)
  copyWeights(memory, normBias, norm.bias)

  for (const tile of context.tiles(Math.ceil(out.length / tileLength))) {
    const start = tile * tileLength
    const count = Math.min(tileLength, out.length - start)
    const panelCount = Math.ceil(count / panel)
    const x = rows + phaseBytes(input, start)
    copyIn(memory, x, rowFloats, input, start, count)
    wasm.normalizeToPanels(panels, x, rowFloats * 4, channels, panelCount, normWeight, normBias, norm.epsilon)
    wasm.addToRows(x, rowFloats * 4, bias2, channels, (panelCount * panel) / 4)
    for (let h = 0; h < hiddenChannels; h += group) {
      const inputs = Math.min(group, paddedHidden - h)
      wasm.multiply(
        hidden,
        panel * 4,
        inputs * panel * 4,
        packed1 + h * channels * 4,
        bias1 + h * 4,
        panels,
        channels,
        inputs / block,
        panelCount,
      )
      wasm.activate(hidden, (panelCount * panel * inputs) / 4)
      wasm.multiplyAdd(
        x,
        rowFloats * 4,
        panel * 4,
        packed2 + h * paddedChannels * 4,
        hidden,
        inputs,
        paddedChannels / block,
        panelCount,
      )
    }
    copyOut(memory, x, rowFloats, out, start, count)
  }
}
