import type { CpuContext } from '../cpu/context.ts'
import { type CpuTensor, type CpuWeights, row } from '../cpu/cpu-tensor.ts'
import { multipleOf } from '../cpu/dense-tile.ts'
import type { CpuKernel } from '../cpu/steps.ts'
import type { WasmScratch } from '../cpu/wasm.ts'
import { defaultSlope } from '../dilated-conv/dilated-conv.ts'
import { places, planeBytesOf, twiddles } from '../dilated-conv/spectra.ts'
import { type DilatedConvWeightsExports, dilatedConvWeightsWasm } from '../generated/dilated-conv-weights.wasm.ts'
import type { DilatedConvWeightsArguments } from './dilated-conv-weights.ts'
import { planWeights, tapFactors, type WeightsPlan } from './plan.cpu.ts'

type Arguments = DilatedConvWeightsArguments<CpuTensor, CpuWeights>

/** What one worker found in its tiles: `taps[j · tapFloats + o · inRows + i]` in scratch, and the sums of the gradient's rows. */
interface Found {
  readonly taps: Float32Array
  readonly tapFloats: number
  readonly biases: Float64Array
}

/**
 * Every worker sums over tiles of its own, always the same ones, and adds its result to the others' in the order of the workers:
 * no bit depends on which of them is faster.
 */
export const dilatedConvWeightsCpu: CpuKernel<'dilatedConvWeights'> = (a, context) => {
  const plan = planWeights(a, context.workerCount)
  const share = Math.ceil(plan.tileCount / context.workerCount)
  const first = Math.min(plan.tileCount, context.workerIndex * share)
  const last = Math.min(plan.tileCount, first + share)
  const scratch = context.wasm(dilatedConvWeightsWasm)
  scratch.reset()
  const found = first === last ? undefined : (plan.fftSize > 0 ? transformed : direct)(a, plan, scratch, first, last)
  addUp(a, context, found)
}

function addUp(a: Arguments, context: CpuContext, found: Found | undefined): void {
  const inChannels = a.input.channelCount
  const inRows = multipleOf(4, inChannels)
  for (let worker = 0; worker < context.workerCount; worker++) {
    if (worker === context.workerIndex && (found || worker === 0)) {
      for (let o = 0; o < a.gradient.channelCount; o++) {
        const out = row(a.weightGradient, o)
        const bias = row(a.biasGradient, o)
        if (worker === 0) {
          out.fill(0)
          bias.fill(0)
        }
        if (!found) continue
        const { taps, tapFloats } = found
        bias[0] += found.biases[o]
        for (let i = 0, k = 0; i < inChannels; i++) {
          for (let j = 0, from = o * inRows + i; j < a.width; j++, k++, from += tapFloats) out[k] += taps[from]
        }
      }
    }
    context.barrier()
  }
}

/** Copies `count` positions of a row to scratch, LeakyReLU and all, zeros behind them up to `capacity`. */
function fillRow(
  wasm: DilatedConvWeightsExports,
  memory: Float32Array,
  address: number,
  capacity: number,
  from: Float32Array,
  before: { readonly scale: number; readonly shift: number; readonly slope: number } | undefined,
): void {
  memory.set(from, address / 4)
  if (before) wasm.affineLeaky(address, from.length, before.scale, before.shift, before.slope)
  memory.fill(0, address / 4 + from.length, address / 4 + capacity)
}

const beforeOf = (a: Arguments, i: number) =>
  a.before && { scale: a.before.scale.data[i], shift: a.before.shift.data[i], slope: a.slope ?? defaultSlope }

/** Products of rows, tap by tap. */
function direct(
  a: Arguments,
  plan: WeightsPlan,
  scratch: WasmScratch<DilatedConvWeightsExports>,
  first: number,
  last: number,
): Found {
  const { width, dilation } = a
  const [inChannels, outChannels] = [a.input.channelCount, a.gradient.channelCount]
  const [inRows, outRows] = [multipleOf(4, inChannels), multipleOf(2, outChannels)]
  const wasm = scratch.exports
  const span = (width - 1) * dilation
  const yStride = multipleOf(16, plan.tileLength) + 16
  const xStride = multipleOf(16, yStride + span) + 16
  const tapFloats = inRows * outRows
  const [work, sums, x, y] = [64, width * tapFloats, inRows * xStride, outRows * yStride].map((n) =>
    scratch.allocate(n),
  ) as [number, number, number, number]
  const memory = scratch.all()
  memory.fill(0, sums / 4, sums / 4 + width * tapFloats)
  memory.fill(0, x / 4, x / 4 + inRows * xStride)
  memory.fill(0, y / 4, y / 4 + outRows * yStride)
  const biases = new Float64Array(outChannels)
  for (let tile = first; tile < last; tile++) {
    const start = tile * plan.tileLength
    const n = Math.min(plan.tileLength, a.gradient.length - start)
    for (let i = 0; i < inChannels; i++)
      fillRow(wasm, memory, x + i * xStride * 4, xStride, row(a.input, i, start, n + span), beforeOf(a, i))
    for (let o = 0; o < outChannels; o++) {
      fillRow(wasm, memory, y + o * yStride * 4, yStride, row(a.gradient, o, start, n), undefined)
      biases[o] += wasm.sumOf(y + o * yStride * 4, multipleOf(4, n))
    }
    for (let j = 0; j < width; j++) {
      wasm.addProducts(
        sums + j * tapFloats * 4,
        x + j * dilation * 4,
        xStride * 4,
        inRows,
        y,
        yStride * 4,
        outRows,
        multipleOf(16, n) * 4,
        work,
      )
    }
  }
  return { taps: memory.subarray(sums / 4, sums / 4 + width * tapFloats), tapFloats, biases }
}

/**
 * In the frequency domain: of each phase of the dilation, segments of fftSize samples of the input against the
 * fftSize - width + 1 samples of the gradient that they meet, zeros behind; spectra multiplied and summed, and only `width` taps of the
 * sum transformed back.
 */
function transformed(
  a: Arguments,
  plan: WeightsPlan,
  scratch: WasmScratch<DilatedConvWeightsExports>,
  first: number,
  last: number,
): Found {
  const { width, dilation } = a
  const { fftSize, tileLength } = plan
  const [inChannels, outChannels] = [a.input.channelCount, a.gradient.channelCount]
  const [inRows, outRows] = [multipleOf(4, inChannels), multipleOf(2, outChannels)]
  const wasm = scratch.exports
  const unit = wasm.tilePositions.value
  const valid = fftSize - width + 1
  const span = (width - 1) * dilation
  const capacity = multipleOf(16, tileLength + fftSize * dilation) + 16
  const mostColumns = multipleOf(unit, (tileLength / valid / dilation) * dilation)
  const rowBytes = mostColumns * 4
  const [xPlane, yPlane] = [planeBytesOf(inRows, rowBytes), planeBytesOf(outRows, rowBytes)]
  const planes = 2 + 3 * (fftSize / 2 - 1)
  const tapFloats = multipleOf(16, inRows * outRows)
  const tapBlocks = Math.ceil(width / 4)
  const factors = tapFactors(fftSize, width)
  const turns = twiddles(fftSize)
  const sizes = [
    factors.length,
    turns.length,
    2 * fftSize,
    2 * fftSize,
    mostColumns,
    64 + (inRows + outRows) * mostColumns,
    capacity,
    fftSize * mostColumns,
    planes * tapFloats,
    4 * tapBlocks * tapFloats,
    (fftSize * xPlane) / 4,
    (fftSize * yPlane) / 4,
  ]
  const [factorsAt, turnsAt, xPlacesAt, yPlacesAt, offsetsAt, work, rowAt, data, sums, taps, x, y] = sizes.map((n) =>
    scratch.allocate(n),
  ) as [number, number, number, number, number, number, number, number, number, number, number, number]
  const memory = scratch.all()
  memory.set(factors, factorsAt / 4)
  memory.set(turns, turnsAt / 4)
  scratch.words(xPlacesAt, 2 * fftSize).set(places(fftSize, xPlane, rowBytes))
  scratch.words(yPlacesAt, 2 * fftSize).set(places(fftSize, yPlane, rowBytes))
  for (const [from, size] of [
    [sums, planes * tapFloats],
    [taps, 4 * tapBlocks * tapFloats],
    [x, (fftSize * xPlane) / 4],
    [y, (fftSize * yPlane) / 4],
  ])
    memory.fill(0, from / 4, from / 4 + size)
  const offsets = scratch.words(offsetsAt, mostColumns)
  const biases = new Float64Array(outChannels)

  const transform = (count: number, kept: number, spectra: number, placesAt: number): void => {
    wasm.gatherColumns(data, rowBytes, count, rowAt, dilation * 4, offsetsAt)
    memory.fill(0, (data + kept * rowBytes) / 4, data / 4 + fftSize * mostColumns)
    wasm.forwardTransform(data, rowBytes, fftSize, turnsAt, spectra, placesAt)
  }
  for (let tile = first; tile < last; tile++) {
    const start = tile * tileLength
    const n = Math.min(tileLength, a.gradient.length - start)
    const columns = Math.ceil(n / (valid * dilation)) * dilation
    for (let k = 0; k < mostColumns; k++)
      offsets[k] = k < columns ? (Math.floor(k / dilation) * valid * dilation + (k % dilation)) * 4 : -1
    for (let i = 0; i < inChannels; i++) {
      fillRow(wasm, memory, rowAt, capacity, row(a.input, i, start, n + span), beforeOf(a, i))
      transform(fftSize, fftSize, x + i * rowBytes, xPlacesAt)
    }
    for (let o = 0; o < outChannels; o++) {
      fillRow(wasm, memory, rowAt, capacity, row(a.gradient, o, start, n), undefined)
      biases[o] += wasm.sumOf(rowAt, multipleOf(4, n))
      transform(multipleOf(4, valid), valid, y + o * rowBytes, yPlacesAt)
    }
    wasm.addSpectra(sums, tapFloats * 4, x, xPlane, inRows, y, yPlane, outRows, rowBytes, fftSize / 2, work)
  }
  wasm.multiplyAdd(taps, tapFloats * 4, tapBlocks, tapFloats, sums, factorsAt, planes * 16, planes, tapFloats * 4, 1, 0)
  return { taps: memory.subarray(taps / 4, taps / 4 + width * tapFloats), tapFloats, biases }
}
