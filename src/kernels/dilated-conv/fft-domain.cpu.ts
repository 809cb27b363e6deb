import type { CpuContext } from '../cpu/context.ts'
import { type CpuTensor, row } from '../cpu/cpu-tensor.ts'
import { dilatedConvWasm } from '../generated/dilated-conv.wasm.ts'
import { pieceLength } from '../pieces.ts'
import { defaultSlope } from './dilated-conv.ts'
import { columnsOf, type TransformPlan } from './plan.ts'
import type { CpuDilatedConvArguments } from './arguments.cpu.ts'
import { places, planeBytesOf, twiddles } from './spectra.ts'

/**
 * Overlap-save in the frequency domain. A block of positions is cut into segments of validLength · dilation, a segment
 * into its phases; each phase is a column of fftSize samples and gives validLength results. Short pieces share a block, side
 * by side, each with room for whole segments. For some columns at a time:
 * 1. every input channel's columns are gathered and transformed, two real columns as one complex;
 * 2. every frequency's channels are mixed by the matrix of the filters' spectra;
 * 3. every output channel is transformed back and scattered, with LeakyReLU and residual on the way.
 */
export function fftDomainConv(
  a: CpuDilatedConvArguments & { readonly plan: TransformPlan },
  context: CpuContext,
): void {
  const [outChannels, inChannels, width] = a.weight.shape as [number, number, number]
  const { fftSize, validLength, segmentCount, piecesPerBlock, columnCount } = a.plan
  const scratch = context.wasm(dilatedConvWasm)
  const wasm = scratch.exports
  const unit = wasm.tilePositions.value
  const { dilation, slope = defaultSlope } = a
  const rowBlocks = Math.ceil(outChannels / 4)
  const channelCount = Math.max(inChannels, 4 * rowBlocks)
  const blockLength = segmentCount * validLength * dilation
  const span = (width - 1) * dilation
  const length = pieceLength(a.out, a.pieces)
  /** From piece to piece of a block: even, so that skew() holds for all of them. */
  const pieceStride = Math.ceil((blockLength + span) / 2) * 2
  const inputStride = rowStride((piecesPerBlock - 1) * pieceStride + blockLength + span)
  const outStride = rowStride((piecesPerBlock - 1) * pieceStride + blockLength)
  const mostColumns = piecesPerBlock * segmentCount * dilation
  const factors = twiddles(fftSize)

  scratch.reset()
  const weightsAddress = scratch.allocate(a.packed.length)
  const biasAddress = scratch.allocate(4 * rowBlocks)
  const twiddlesAddress = scratch.allocate(factors.length)
  const placesAddress = scratch.allocate(2 * fftSize)
  const offsetsAddress = scratch.allocate(mostColumns + unit)
  const dataAddress = scratch.allocate(fftSize * columnCount)
  const workAddress = scratch.allocate(3 * inChannels * columnCount)
  const spectraAddress = scratch.allocate((fftSize * planeBytesOf(channelCount, columnCount * 4)) / 4)
  const inputAddress = scratch.allocate(inChannels * inputStride)
  const outAddress = scratch.allocate(outChannels * outStride)
  scratch.floats(weightsAddress, a.packed.length).set(a.packed)
  scratch
    .floats(biasAddress, 4 * rowBlocks)
    .fill(0)
    .set(a.bias.data)
  scratch.floats(twiddlesAddress, factors.length).set(factors)
  const placesTable = scratch.words(placesAddress, 2 * fftSize)
  const offsets = scratch.words(offsetsAddress, mostColumns + unit)
  const x = scratch.floats(inputAddress, inChannels * inputStride)
  const y = scratch.floats(outAddress, outChannels * outStride)

  const tables = new Map<number, Uint32Array>()
  const { count: pieceCount, stride } = a.pieces ?? { count: 1, stride: 0 }
  const blocksPerPiece = Math.ceil(length / blockLength)
  const blockCount = piecesPerBlock > 1 ? Math.ceil(pieceCount / piecesPerBlock) : pieceCount * blocksPerPiece
  for (const block of context.tiles(blockCount)) {
    const firstPiece = piecesPerBlock > 1 ? block * piecesPerBlock : Math.floor(block / blocksPerPiece)
    const within = piecesPerBlock > 1 ? 0 : (block % blocksPerPiece) * blockLength
    const n = Math.min(blockLength, length - within)
    const columnsPerPiece = columnsOf(n, validLength, dilation)
    const pieces = Math.min(piecesPerBlock, pieceCount - firstPiece)
    const columns = pieces * columnsPerPiece
    for (let k = 0; k < columns + unit; k++) {
      const column = k % columnsPerPiece
      const at = Math.floor(column / dilation) * validLength * dilation + (column % dilation)
      offsets[k] = k < columns ? (Math.floor(k / columnsPerPiece) * pieceStride + at) * 4 : -1
    }
    const inputSkew = skew(a.input, within)
    const outSkew = skew(a.out, within)
    for (let i = 0; i < inChannels; i++) {
      const rowStart = i * inputStride + inputSkew
      for (let piece = 0; piece < pieces; piece++) {
        const first = rowStart + piece * pieceStride
        x.set(row(a.input, i, (firstPiece + piece) * stride + within, n + span), first)
        // A transform mixes all of its samples: nothing undefined may enter.
        x.fill(0, first + n + span, piece + 1 < pieces ? first + pieceStride : (i + 1) * inputStride)
      }
      if (a.before)
        wasm.affineLeaky(
          inputAddress + rowStart * 4,
          (pieces - 1) * pieceStride + n + span,
          a.before.scale.data[i],
          a.before.shift.data[i],
          slope,
        )
    }
    if (a.residual)
      for (let o = 0; o < outChannels; o++)
        for (let piece = 0; piece < pieces; piece++)
          y.set(
            row(a.residual, o, (firstPiece + piece) * stride + within, n),
            o * outStride + outSkew + piece * pieceStride,
          )

    for (const [first, count] of tilesOf(columns, columnCount, unit)) {
      const rowBytes = count * 4
      const planeBytes = planeBytesOf(channelCount, rowBytes)
      const table = tables.get(count) ?? places(fftSize, planeBytes, rowBytes)
      tables.set(count, table)
      placesTable.set(table)
      const tileOffsets = offsetsAddress + first * 4
      for (let i = 0; i < inChannels; i++) {
        wasm.gatherColumns(
          dataAddress,
          rowBytes,
          fftSize,
          inputAddress + (i * inputStride + inputSkew) * 4,
          dilation * 4,
          tileOffsets,
        )
        wasm.forwardTransform(
          dataAddress,
          rowBytes,
          fftSize,
          twiddlesAddress,
          spectraAddress + i * rowBytes,
          placesAddress,
        )
      }
      wasm.mixSpectra(
        spectraAddress,
        fftSize / 2,
        planeBytes,
        rowBytes,
        inChannels,
        rowBlocks,
        weightsAddress,
        biasAddress,
        workAddress,
      )
      for (let o = 0; o < outChannels; o++) {
        wasm.backwardTransform(
          dataAddress,
          rowBytes,
          fftSize,
          twiddlesAddress,
          spectraAddress + o * rowBytes,
          placesAddress,
        )
        const to = outAddress + (o * outStride + outSkew) * 4
        wasm.scatterColumns(
          dataAddress,
          rowBytes,
          validLength,
          to,
          dilation * 4,
          tileOffsets,
          a.after ? slope : 1,
          a.residual ? 1 : 0,
        )
      }
    }
    for (let o = 0; o < outChannels; o++) {
      for (let piece = 0; piece < pieces; piece++) {
        const from = o * outStride + outSkew + piece * pieceStride
        row(a.out, o, (firstPiece + piece) * stride + within, n).set(y.subarray(from, from + n))
      }
    }
  }
}

const rowStride = (length: number): number => Math.ceil(length / 16) * 16 + 16

/** Floats to shift a row in scratch by: copies are several times faster where both sides agree modulo 8 bytes. */
const skew = (t: CpuTensor, start: number): number => (t.offset + start) % 2

/** Cuts columns into [first, count] of nearly equal counts, multiples of `unit` up to `most`; the last may go past the end. */
function tilesOf(columnCount: number, most: number, unit: number): [number, number][] {
  const groups = Math.ceil(columnCount / unit)
  const tileCount = Math.ceil(groups / (most / unit))
  return Array.from({ length: tileCount }, (_, k) => {
    const first = Math.floor((k * groups) / tileCount)
    return [first * unit, (Math.floor(((k + 1) * groups) / tileCount) - first) * unit]
  })
}
