import type { CpuKernel } from '../cpu/steps.ts'
import { copyIn, copyOut, copyWeights, multipleOf, phaseBytes, rowFloatsFor, tileLengthFor } from '../cpu/dense-tile.ts'
import { gatedProjectionWasm } from '../generated/gated-projection.wasm.ts'

/** About how many channels are computed at a time, in each of the three parts. */
const groupChannels = 16

/**
 * Positions are shared out in tiles. A tile projects the taps - 1 positions before its own once more, rather than waiting
 * for its neighbour: x0, x1 and v of a group of channels are made, convolved, gated and copied out while in cache.
 */
export const gatedProjectionCpu: CpuKernel<'gatedProjection'> = (a, context) => {
  const { channelCount: channels, length } = a.gate
  const inChannels = a.input.channelCount
  const taps = a.shortWeight.shape[1]
  const span = taps - 1
  const causal = a.padding === 'causal'
  const scratch = context.wasm(gatedProjectionWasm)
  const wasm = scratch.exports
  const block = wasm.blockOutputs.value
  const panel = wasm.panelPositions.value
  const partChannels = multipleOf(block, channels)
  const group = Math.min(multipleOf(block, groupChannels), partChannels)
  const tileLength = tileLengthFor(length, context.workerCount, inChannels + 5 * group)
  const projected = multipleOf(16, tileLength + span) // positions of u a tile needs
  const rowFloats = rowFloatsFor(projected + 8) // the last panel of outputs reads past them

  scratch.reset()
  const packed = scratch.allocate(3 * partChannels * inChannels)
  const bias = scratch.allocate(3 * partChannels)
  const shortWeight = scratch.allocate(3 * channels * taps)
  const shortBias = scratch.allocate(3 * channels)
  const normWeight = scratch.allocate(inChannels)
  const normBias = scratch.allocate(inChannels)
  const panels = scratch.allocate(inChannels * projected)
  const u = [0, 1, 2].map(() => scratch.allocate(group * rowFloats)) as [number, number, number]
  const gate = scratch.allocate(group * rowFloats + 16)
  const value = scratch.allocate(group * rowFloats + 16)
  const rows = scratch.allocate(Math.max(inChannels * rowFloats + 16, 3 * channels * inChannels)) // first the weights as they come
  const memory = scratch.all()

  copyWeights(memory, rows, a.weight)
  memory.fill(0, bias / 4, bias / 4 + 3 * partChannels)
  for (let part = 0; part < 3; part++) {
    const from = rows + part * channels * inChannels * 4
    wasm.packWeights(
      packed + part * partChannels * inChannels * 4,
      from,
      inChannels * 4,
      channels,
      inChannels,
      inChannels,
    )
    copyWeights(memory, bias + part * partChannels * 4, a.bias, part * channels, channels)
  }
  copyWeights(memory, shortWeight, a.shortWeight)
  copyWeights(memory, shortBias, a.shortBias)
  copyWeights(memory, normWeight, a.norm.weight)
  copyWeights(memory, normBias, a.norm.bias)

  for (const tile of context.tiles(Math.ceil(length / tileLength))) {
    const start = tile * tileLength
    const count = Math.min(tileLength, length - start)
    const first = causal ? start - span : start // in positions of the input
    const before = Math.max(0, -first) // columns of the tile that come from the history, or are nothing
    const x = rows + phaseBytes(a.input, first)
    copyIn(memory, x + before * 4, rowFloats, a.input, first + before, count + span - before)
    if (before > 0 && a.history) copyIn(memory, x, rowFloats, a.history, span - before, before)
    const panelCount = Math.ceil((count + span) / panel)
    wasm.normalizeToPanels(panels, x, rowFloats * 4, inChannels, panelCount, normWeight, normBias, a.norm.epsilon)

    const gateRows = gate + phaseBytes(a.gate, start)
    const valueRows = value + phaseBytes(a.value, start)
    for (let c = 0; c < channels; c += group) {
      const groupCount = Math.min(group, channels - c)
      for (let part = 0; part < 3; part++) {
        const o = part * partChannels + c
        const blocks = Math.ceil(groupCount / block)
        wasm.multiply(
          u[part],
          rowFloats * 4,
          panel * 4,
          packed + o * inChannels * 4,
          bias + o * 4,
          panels,
          inChannels,
          blocks,
          panelCount,
        )
        if (before > 0 && !a.history) clearColumns(memory, u[part], rowFloats, groupCount, before)
      }
      wasm.gateChannels(
        gateRows,
        valueRows,
        ...u,
        rowFloats * 4,
        shortWeight + c * taps * 4,
        shortBias + c * 4,
        channels,
        taps,
        groupCount,
        Math.ceil(count / 8),
      )
      copyOut(memory, gateRows, rowFloats, a.gate, start, count, c, groupCount)
      copyOut(memory, valueRows, rowFloats, a.value, start, count, c, groupCount)
    }
  }
}

/** Before a sequence without history u itself is zero, not the bias that the projection of nothing would give. */
function clearColumns(memory: Float32Array, rows: number, rowFloats: number, rowCount: number, columns: number): void {
  for (let r = 0, at = rows / 4; r < rowCount; r++, at += rowFloats) memory.fill(0, at, at + columns)
}
