import type { CpuKernel, CpuOpArguments } from '../cpu/steps.ts'
import { copyOut, copyWeights, multipleOf, phaseBytes, rowFloatsFor, tileLengthFor } from '../cpu/dense-tile.ts'
import { implicitFilterWasm } from '../generated/implicit-filter.wasm.ts'

/** Filter channels computed at a time from the last hidden layer. */
const groupChannels = 32

type Arguments = CpuOpArguments['implicitFilter']

/** Taps are shared out in tiles; the whole MLP runs on a tile while it is in cache. */
export const implicitFilterCpu: CpuKernel<'implicitFilter'> = (a, context) => {
  const { out, embeddingSize, layers } = a
  const channels = out.channelCount
  const width = a.freq.shape[0]
  const scratch = context.wasm(implicitFilterWasm)
  const wasm = scratch.exports
  const block = wasm.blockOutputs.value
  const panel = wasm.panelPositions.value
  const padded = multipleOf(block, width)
  const paddedChannels = multipleOf(block, channels)
  const group = Math.min(multipleOf(block, groupChannels), paddedChannels)
  const tileLength = tileLengthFor(out.length, context.workerCount, 2 * padded + group + 2 * embeddingSize)
  const rowFloats = rowFloatsFor(tileLength)

  scratch.reset()
  const first = scratch.allocate(2 * padded * embeddingSize) // f64
  const firstBias = scratch.allocate(2 * padded) // f64
  const inner = layers
    .slice(1)
    .map(() => ({ packed: scratch.allocate(padded * padded), bias: scratch.allocate(padded) }))
  const freq = scratch.allocate(2 * padded)
  const last = { packed: scratch.allocate(paddedChannels * padded), bias: scratch.allocate(group) }
  const deltas = scratch.allocate(channels)
  const times = scratch.allocate(tileLength)
  const features = scratch.allocate(2 * embeddingSize * tileLength) // f64
  let h = scratch.allocate(padded * tileLength)
  let next = scratch.allocate(padded * tileLength)
  const rows = scratch.allocate(Math.max(group * rowFloats + 16, padded * width, channels * width)) // first the weights as they come
  const memory = scratch.all()
  const memory64 = new Float64Array(memory.buffer)

  memory.fill(0, first / 4, times / 4)
  for (let o = 0; o < width; o++) {
    const turns = a.freq.data[o] / (2 * Math.PI)
    memory64[firstBias / 8 + o] = layers[0].bias.data[o] * turns
    for (let e = o * embeddingSize; e < (o + 1) * embeddingSize; e++)
      memory64[first / 8 + e] = layers[0].weight.data[e] * turns
  }
  layers.slice(1).forEach(({ weight, bias }, i) => {
    copyWeights(memory, rows, weight)
    wasm.packWeights(inner[i].packed, rows, width * 4, width, width, padded)
    copyWeights(memory, inner[i].bias, bias)
  })
  for (let o = 0; o < width; o++) {
    const halfTurns = a.freq.data[o] / Math.PI
    memory[freq / 4 + o] = halfTurns
    memory[freq / 4 + padded + o] = halfTurns - Math.fround(halfTurns)
  }
  copyWeights(memory, rows, a.outWeight)
  wasm.packWeights(last.packed, rows, width * 4, channels, width, padded)
  copyWeights(memory, deltas, a.deltas)
  const featuresOf = a.z ? undefined : positionFeatures(a, tileLength)

  for (const tile of context.tiles(Math.ceil(out.length / tileLength))) {
    const start = tile * tileLength
    const count = Math.min(tileLength, out.length - start)
    const panelCount = Math.ceil(count / panel)
    const firstTap = a.firstTap + start
    for (let j = 0; j < count; j++) memory[times / 4 + j] = a.t ? a.t.data[firstTap + j] : timeOf(a, firstTap + j)
    if (featuresOf) featuresOf(memory64, features / 8, firstTap, count)
    else copyFeatures(memory64, features / 8, a.z!.data, embeddingSize, firstTap, count)

    wasm.firstLayer(h, features, first, firstBias, embeddingSize, padded, (panelCount * panel) / 8)
    for (const { packed, bias } of inner) {
      wasm.multiply(next, panel * 4, padded * panel * 4, packed, bias, h, padded, padded / block, panelCount)
      wasm.sines(next, freq, padded, panelCount)
      ;[h, next] = [next, h]
    }
    const result = rows + phaseBytes(out, start)
    for (let c = 0; c < channels; c += group) {
      const groupCount = Math.min(group, channels - c)
      wasm.multiply(
        result,
        rowFloats * 4,
        panel * 4,
        last.packed + c * padded * 4,
        last.bias,
        h,
        padded,
        Math.ceil(groupCount / block),
        panelCount,
      )
      wasm.applyWindow(
        result,
        rowFloats * 4,
        times,
        deltas + c * 4,
        a.shift,
        groupCount,
        multipleOf(4, (panelCount * panel) / 4),
      )
      copyOut(memory, result, rowFloats, out, start, count, c, groupCount)
    }
  }
}

const timeOf = ({ tapCount }: Arguments, i: number): number => i / Math.max(1, tapCount - 1)

/** Table rows to panels of f64. */
function copyFeatures(
  to: Float64Array,
  at: number,
  table: Float32Array,
  size: number,
  firstTap: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) {
    const panel = at + (j >> 3) * size * 8 + (j & 7)
    for (let e = 0; e < size; e++) to[panel + e * 8] = table[(firstTap + j) * size + e]
  }
}

/**
 * z in float64, as panels, for tiles of at most `tileLength` taps. A tile needs one sine and cosine a band: the angles
 * inside it are reached by adding the table's angles, cos(a + b) = cos a cos b - sin a sin b, which costs no digits.
 */
function positionFeatures(
  a: Arguments,
  tileLength: number,
): (to: Float64Array, at: number, firstTap: number, count: number) => void {
  const size = a.embeddingSize
  const bandCount = (size - 1) / 2
  const angle = (2 * Math.PI) / a.tapCount
  const bands = Array.from({ length: bandCount }, (_, b) =>
    bandCount === 1 ? 1e-4 : 1e-4 + ((bandCount - 1 - 1e-4) * b) / (bandCount - 1),
  )
  const cosines = bands.map((f) => Float64Array.from({ length: tileLength }, (_, j) => Math.cos(f * angle * j)))
  const sines = bands.map((f) => Float64Array.from({ length: tileLength }, (_, j) => Math.sin(f * angle * j)))
  return (to, at, firstTap, count) => {
    for (let j = 0; j < count; j++) to[at + (j >> 3) * size * 8 + (j & 7)] = timeOf(a, firstTap + j)
    for (let b = 0; b < bandCount; b++) {
      const cosine = Math.cos(bands[b] * angle * firstTap)
      const sine = Math.sin(bands[b] * angle * firstTap)
      const cs = cosines[b]
      const ss = sines[b]
      for (let j = 0; j < count; j++) {
        const panel = at + (j >> 3) * size * 8 + (j & 7)
        to[panel + (1 + b) * 8] = cosine * cs[j] - sine * ss[j]
        to[panel + (1 + bandCount + b) * 8] = -(sine * cs[j] + cosine * ss[j])
      }
    }
  }
}
