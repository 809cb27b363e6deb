import type { CpuContext } from '../cpu/context.ts'
import { row } from '../cpu/cpu-tensor.ts'
import { dilatedConvWasm } from '../generated/dilated-conv.wasm.ts'
import type { FftPlan } from './plan.ts'
import type { CpuDilatedConvArguments } from './prepare.cpu.ts'
import { places, radices, twiddles } from './spectra.ts'
import type { DilatedConvExports } from './wasm-exports.ts'

/**
 * Overlap-save in the frequency domain. A block of positions is cut into segments of validLength · dilation, a segment
 * into its phases; each phase is a column of fftSize samples and gives validLength results. For some columns at a time:
 * 1. every input channel's columns are gathered and transformed, two real columns as one complex;
 * 2. every frequency's channels are mixed by the matrix of the filters' spectra;
 * 3. every output channel is transformed back and scattered, with bias, LeakyReLU and residual on the way.
 */
export function fftDomainConv(a: CpuDilatedConvArguments & { readonly plan: FftPlan }, context: CpuContext): void {
  const [outChannels, inChannels, width] = a.weight.shape as [number, number, number]
  const { fftSize, validLength, segmentCount, columnCount } = a.plan
  const { dilation, after } = a
  const rowBlocks = Math.ceil(outChannels / 4)
  const channelCount = Math.max(inChannels, 4 * rowBlocks)
  const blockLength = segmentCount * validLength * dilation
  const span = (width - 1) * dilation

  const scratch = context.wasm<DilatedConvExports>(dilatedConvWasm)
  const wasm = scratch.exports
  scratch.reset()
  const inputStride = Math.ceil((blockLength + span) / 16) * 16 + 16
  const outStride = Math.ceil(blockLength / 16) * 16 + 16
  const factors = twiddles(fftSize)
  const weightsAddress = scratch.allocate(a.packed.length)
  const twiddlesAddress = scratch.allocate(factors.length)
  const placesAddress = scratch.allocate(2 * fftSize)
  const offsetsAddress = scratch.allocate(segmentCount * dilation + 8)
  const dataAddress = scratch.allocate(fftSize * columnCount)
  const workAddress = scratch.allocate(3 * inChannels * columnCount)
  const spectraAddress = scratch.allocate(channelCount * fftSize * columnCount)
  const inputAddress = scratch.allocate(inChannels * inputStride)
  const outAddress = scratch.allocate(outChannels * outStride)
  scratch.floats(weightsAddress, a.packed.length).set(a.packed)
  scratch.floats(twiddlesAddress, factors.length).set(factors)
  const x = scratch.floats(inputAddress, inChannels * inputStride)
  const y = scratch.floats(outAddress, outChannels * outStride)
  const placesTable = scratch.words(placesAddress, 2 * fftSize)
  const offsets = scratch.words(offsetsAddress, segmentCount * dilation + 8)

  const steps = radices(fftSize).slice(0, -1)
  const forward = (rowBytes: number, spectra: number): void => {
    let size = fftSize
    let factor = twiddlesAddress
    for (const radix of steps) {
      wasm.forwardStep(dataAddress, rowBytes, fftSize, size, factor)
      factor += (size / radix) * 24
      size /= radix
    }
    wasm.forwardLeaf4(dataAddress, rowBytes, fftSize, spectra, placesAddress)
  }
  const backward = (rowBytes: number, spectra: number): void => {
    wasm.backwardLeaf4(dataAddress, rowBytes, fftSize, spectra, placesAddress)
    let size = 4
    let factor = twiddlesAddress + factors.length * 4
    for (const radix of steps.toReversed()) {
      size *= radix
      factor -= (size / radix) * 24
      wasm.backwardStep(dataAddress, rowBytes, fftSize, size, factor)
    }
  }

  for (const block of context.tiles(Math.ceil(a.out.length / blockLength))) {
    const start = block * blockLength
    const n = Math.min(blockLength, a.out.length - start)
    for (let i = 0; i < inChannels; i++) {
      x.set(row(a.input, i, start, n + span), i * inputStride)
      if (a.before) wasm.affineLeaky(inputAddress + i * inputStride * 4, n + span, a.before.scale.data[i]!, a.before.shift.data[i]!)
      x.fill(0, i * inputStride + n + span, (i + 1) * inputStride) // transforms mix a column's samples: nothing undefined may enter
    }
    if (a.residual) for (let o = 0; o < outChannels; o++) y.set(row(a.residual, o, start, n), o * outStride)

    const columns = columnOffsets(n, validLength, dilation)
    offsets.fill(-1)
    offsets.set(columns)
    for (const [first, count] of tilesOf(columns.length, columnCount)) {
      const rowBytes = count * 4
      const offsetsOfTile = offsetsAddress + first * 4
      placesTable.set(places(fftSize, channelCount, rowBytes))
      for (let i = 0; i < inChannels; i++) {
        wasm.gatherColumns(dataAddress, rowBytes, fftSize, inputAddress + i * inputStride * 4, dilation * 4, offsetsOfTile)
        forward(rowBytes, spectraAddress + i * rowBytes)
      }
      wasm.mixSpectra(spectraAddress, fftSize / 2, channelCount, rowBytes, inChannels, rowBlocks, weightsAddress, workAddress)
      for (let o = 0; o < outChannels; o++) {
        backward(rowBytes, spectraAddress + o * rowBytes)
        const to = outAddress + o * outStride * 4
        wasm.scatterColumns(dataAddress, rowBytes, validLength, to, dilation * 4, offsetsOfTile, a.bias.data[o]!, after ? 1 : 0, a.residual ? 1 : 0)
      }
    }
    for (let o = 0; o < outChannels; o++) row(a.out, o, start, n).set(y.subarray(o * outStride, o * outStride + n))
  }
}

/** Byte offsets of the columns that give the first n positions of a block, phase by phase within each segment. */
function columnOffsets(n: number, validLength: number, dilation: number): number[] {
  const offsets: number[] = []
  for (let segment = 0; segment < n; segment += validLength * dilation) {
    for (let phase = 0; phase < Math.min(dilation, n - segment); phase++) offsets.push((segment + phase) * 4)
  }
  return offsets
}

/** Cuts columns into [first, count] of nearly equal counts, multiples of 8 up to `most`; the last may go past the end. */
function tilesOf(columnCount: number, most: number): [number, number][] {
  const groups = Math.ceil(columnCount / 8)
  const tileCount = Math.ceil(groups / (most / 8))
  return Array.from({ length: tileCount }, (_, k) => {
    const first = Math.floor((k * groups) / tileCount)
    return [first * 8, (Math.floor(((k + 1) * groups) / tileCount) - first) * 8]
  })
}
