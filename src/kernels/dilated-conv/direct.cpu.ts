import type { CpuContext } from '../cpu/context.ts'
import { type CpuWeights, row } from '../cpu/cpu-tensor.ts'
import { multipleOf } from '../cpu/dense-tile.ts'
import { dilatedConvWasm } from '../generated/dilated-conv.wasm.ts'
import { pieceLength } from '../pieces.ts'
import { defaultSlope } from './dilated-conv.ts'
import type { DirectPlan } from './plan.ts'
import type { CpuDilatedConvArguments } from './arguments.cpu.ts'

/** Taps of x that stay in the L1 cache while one block of outputs goes over a tile (a cache line each). */
const cachedTaps = 256

/** Floats of a packed weight, `[rowBlocks][inChannels][width][4]`. */
export const directFloats = (outChannels: number, inChannels: number, width: number): number =>
  Math.ceil(outChannels / 4) * inChannels * width * 4

/** Packs output channels 4 · rowBlock … + 3 (zeros beyond the last). */
export function packDirect(packed: Float32Array, weight: CpuWeights, rowBlock: number): void {
  const [outChannels, inChannels, width] = weight.shape as [number, number, number]
  const taps = inChannels * width
  for (let lane = 0; lane < 4; lane++) {
    const o = 4 * rowBlock + lane
    for (let k = 0; k < taps; k++)
      packed[(rowBlock * taps + k) * 4 + lane] = o < outChannels ? weight.data[o * taps + k] : 0
  }
}

/** Sum over input channels and taps as written, four output channels by some positions in registers. */
export function directConv(a: CpuDilatedConvArguments & { readonly plan: DirectPlan }, context: CpuContext): void {
  const [outChannels, inChannels, width] = a.weight.shape as [number, number, number]
  const { tileLength } = a.plan
  const { slope = defaultSlope } = a
  const span = (width - 1) * a.dilation
  const rowBlocks = Math.ceil(outChannels / 4)
  const scratch = context.wasm(dilatedConvWasm)
  const unit = scratch.exports.tilePositions.value
  const padded = multipleOf(unit, tileLength)
  const outStride = padded + 16 // not a power of two: rows would share cache sets
  const inputStride = multipleOf(16, padded + span) + 16

  scratch.reset()
  const { multiplyAdd, affineLeaky, finishRow } = scratch.exports
  const weightsAddress = scratch.allocate(a.packed.length)
  const inputAddress = scratch.allocate(inChannels * inputStride)
  const outAddress = scratch.allocate(4 * rowBlocks * outStride)
  const residualAddress = a.residual ? scratch.allocate(outStride) : 0
  scratch.floats(weightsAddress, a.packed.length).set(a.packed)
  const x = scratch.floats(inputAddress, inChannels * inputStride)
  const y = scratch.floats(outAddress, 4 * rowBlocks * outStride)
  const residual = a.residual && scratch.floats(residualAddress, outStride)

  const channelsAtOnce = Math.max(1, Math.floor(cachedTaps / width))
  const { count, stride } = a.pieces ?? { count: 1, stride: 0 }
  const length = pieceLength(a.out, a.pieces)
  const tilesPerPiece = Math.ceil(length / tileLength)
  for (const tile of context.tiles(count * tilesPerPiece)) {
    const within = (tile % tilesPerPiece) * tileLength
    const start = Math.floor(tile / tilesPerPiece) * stride + within
    const n = Math.min(tileLength, length - within)
    const whole = multipleOf(unit, n)
    for (let i = 0; i < inChannels; i++) {
      x.set(row(a.input, i, start, n + span), i * inputStride)
      if (a.before)
        affineLeaky(inputAddress + i * inputStride * 4, n + span, a.before.scale.data[i], a.before.shift.data[i], slope)
    }
    y.fill(0)
    for (let i = 0; i < inChannels; i += channelsAtOnce) {
      const channels = Math.min(channelsAtOnce, inChannels - i)
      const from = inputAddress + i * inputStride * 4
      const weights = weightsAddress + i * width * 16
      const blockBytes = inChannels * width * 16
      if (width === 1)
        multiplyAdd(
          outAddress,
          outStride * 4,
          rowBlocks,
          whole,
          from,
          weights,
          blockBytes,
          channels,
          inputStride * 4,
          1,
          0,
        )
      else
        multiplyAdd(
          outAddress,
          outStride * 4,
          rowBlocks,
          whole,
          from,
          weights,
          blockBytes,
          width,
          a.dilation * 4,
          channels,
          inputStride * 4,
        )
    }
    for (let o = 0; o < outChannels; o++) {
      if (residual) residual.set(row(a.residual, o, start, n))
      finishRow(outAddress + o * outStride * 4, n, a.bias.data[o], a.after ? slope : 1, residualAddress)
      row(a.out, o, start, n).set(y.subarray(o * outStride, o * outStride + n))
    }
  }
}
