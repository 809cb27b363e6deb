import { afterAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { CpuContext, controlFields, countersPerStep } from '../../src/kernels/cpu/context.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import type { CpuTensor, CpuWeights } from '../../src/kernels/cpu/cpu-tensor.ts'
import { engineVariant } from '../../src/kernels/cpu/engine.ts'
import { dilatedConvCpu } from '../../src/kernels/dilated-conv/dilated-conv.cpu.ts'
import { directFloats } from '../../src/kernels/dilated-conv/direct.cpu.ts'
import type { DilatedConvPlan } from '../../src/kernels/dilated-conv/plan.ts'
import { type CpuDilatedConvRequest, directPlan, transformPlan } from '../../src/kernels/dilated-conv/plan.cpu.ts'
import { prepareDilatedConvKernel } from '../../src/kernels/dilated-conv/prepare.cpu.ts'
import { filterSpectraFloats } from '../../src/kernels/dilated-conv/spectra.ts'
import { view } from '../../src/kernels/tensor.ts'
import { dilatedConv } from '../oracle/dilated-conv.ts'
import { flat, matrix } from '../oracle/linear.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

interface Case {
  inChannels: number
  outChannels: number
  width: number
  dilation: number
  length: number
}

/** Seeded operands and weights for one convolution. */
function operands({ inChannels, outChannels, width, dilation, length }: Case) {
  const inputLength = length + (width - 1) * dilation
  return {
    inputLength,
    x: randomArray(inChannels * inputLength, 1),
    w: randomArray(outChannels * inChannels * width, 2),
    bias: randomArray(outChannels, 3),
    scale: randomArray(inChannels, 4),
    shift: randomArray(inChannels, 5),
    r: randomArray(outChannels * length, 6),
  }
}

const answers = new Map<string, Float64Array>()
/** The oracle's answer for a case, computed once. */
function answer(c: Case, fused: boolean): Float64Array {
  const key = JSON.stringify([c, fused])
  const { x, w, bias, scale, shift, r } = operands(c)
  const options = fused ? { before: { scale, shift }, after: true, residual: matrix(r, c.outChannels) } : {}
  const known = answers.get(key) ?? flat(dilatedConv(matrix(x, c.inChannels), w, bias, c.width, c.dilation, options))
  answers.set(key, known)
  return known
}

/** Relative error of the op, bare or with everything fused, against the oracle. */
async function errorOf(b: Backend, c: Case, fused: boolean): Promise<number> {
  const { x, w, bias, scale, shift, r } = operands(c)
  const out = poisoned(b, c.outChannels, c.length)
  const before = { scale: b.weights(scale, [c.inChannels]), shift: b.weights(shift, [c.inChannels]) }
  b.ops.dilatedConv({
    out,
    input: tensorOf(b, c.inChannels, x),
    weight: b.weights(w, [c.outChannels, c.inChannels, c.width]),
    bias: b.weights(bias, [c.outChannels]),
    dilation: c.dilation,
    ...(fused ? { before, after: true, residual: tensorOf(b, c.outChannels, r) } : {}),
  })
  return relativeError(await b.read(out), answer(c, fused))
}

const shapes: Case[] = [
  { inChannels: 1, outChannels: 1, width: 1, dilation: 1, length: 1 },
  { inChannels: 4, outChannels: 32, width: 1, dilation: 1, length: 1031 },
  { inChannels: 32, outChannels: 3, width: 1, dilation: 1, length: 257 },
  { inChannels: 5, outChannels: 7, width: 3, dilation: 2, length: 61 },
  { inChannels: 32, outChannels: 32, width: 11, dilation: 1, length: 1025 },
  { inChannels: 32, outChannels: 32, width: 11, dilation: 4, length: 1500 },
  { inChannels: 32, outChannels: 32, width: 21, dilation: 10, length: 1023 },
  { inChannels: 32, outChannels: 32, width: 41, dilation: 25, length: 700 },
  { inChannels: 48, outChannels: 64, width: 9, dilation: 3, length: 129 },
  { inChannels: 3, outChannels: 2, width: 2, dilation: 97, length: 5 },
]
const name = (c: Case): string =>
  `${c.inChannels} -> ${c.outChannels} channels, width ${c.width}, dilation ${c.dilation}, ${c.length} positions`

/** Convolves a view in the middle of NaN into a view in the middle of marks, over its own residual. */
async function expectOnlyItsViews(b: Backend, c: Case, offsets: { input: number; out: number }): Promise<void> {
  const { inputLength, x, w, bias } = operands(c)
  const whole = poisoned(b, c.inChannels + 2, inputLength + 20)
  const input = view(whole, { channelStart: 1, channelCount: c.inChannels, start: offsets.input, length: inputLength })
  b.write(input, x)
  const rowLength = c.length + 30
  const marks = randomArray((c.outChannels + 2) * rowLength, 7)
  const target = tensorOf(b, c.outChannels + 2, marks)
  const out = view(target, { channelStart: 1, channelCount: c.outChannels, start: offsets.out, length: c.length })
  const weight = b.weights(w, [c.outChannels, c.inChannels, c.width])
  b.ops.dilatedConv({ out, input, weight, bias: b.weights(bias, [c.outChannels]), dilation: c.dilation, residual: out })
  const got = await b.read(target)
  const expected = Float64Array.from(marks)
  const residual = matrix(marks, c.outChannels + 2)
    .slice(1, -1)
    .map((r) => r.slice(offsets.out, offsets.out + c.length))
  dilatedConv(matrix(x, c.inChannels), w, bias, c.width, c.dilation, { residual }).forEach((r, o) => {
    expected.set(r, (o + 1) * rowLength + offsets.out)
  })
  expect(relativeError(got, expected)).toBeLessThan(2e-6)
  const outside = (v: ArrayLike<number>) =>
    Array.from(v).filter((_, k) => {
      const channel = Math.floor(k / rowLength)
      const t = k % rowLength
      return channel < 1 || channel > c.outChannels || t < offsets.out || t >= offsets.out + c.length
    })
  expect(outside(got)).toEqual(outside(marks))
}

/** Every piece equals a convolution of its own; what lies between pieces is neither read nor written. */
async function expectPieces(b: Backend, c: Case, count: number, stride: number): Promise<void> {
  const inputLength = c.length + (c.width - 1) * c.dilation
  const w = randomArray(c.outChannels * c.inChannels * c.width, 2)
  const [bias, scale, shift] = [c.outChannels, c.inChannels, c.inChannels].map((n, k) => randomArray(n, 3 + k))
  const inputTotal = (count - 1) * stride + inputLength
  const x = randomArray(c.inChannels * inputTotal, 1).map((v, i) =>
    (i % inputTotal) % stride < inputLength ? v : Number.NaN,
  )
  const total = (count - 1) * stride + c.length
  const marks = randomArray(c.outChannels * total, 7)
  const out = tensorOf(b, c.outChannels, marks)
  b.ops.dilatedConv({
    out,
    input: tensorOf(b, c.inChannels, x),
    weight: b.weights(w, [c.outChannels, c.inChannels, c.width]),
    bias: b.weights(bias, [c.outChannels]),
    dilation: c.dilation,
    before: { scale: b.weights(scale, [c.inChannels]), shift: b.weights(shift, [c.inChannels]) },
    after: true,
    residual: out,
    pieces: { count, stride },
  })
  const expected = Float64Array.from(marks)
  for (let k = 0; k < count; k++) {
    const part = (rows: Float64Array[] | number[][], length: number) =>
      rows.map((r) => r.slice(k * stride, k * stride + length))
    const options = {
      before: { scale, shift },
      after: true,
      residual: part(matrix(marks, c.outChannels) as never, c.length) as never,
    }
    const piece = part(matrix(x, c.inChannels) as never, inputLength) as never
    dilatedConv(piece, w, bias, c.width, c.dilation, options).forEach((r, o) => {
      expected.set(r, o * total + k * stride)
    })
  }
  const got = await b.read(out)
  expect(relativeError(got, expected)).toBeLessThan(2e-6)
  const between = (v: ArrayLike<number>) => Array.from(v).filter((_, i) => (i % total) % stride >= c.length)
  expect(between(got)).toEqual(between(marks))
}

const pieceShapes: [Case, number, number][] = [
  [{ inChannels: 3, outChannels: 5, width: 4, dilation: 3, length: 5 }, 1, 64],
  [{ inChannels: 32, outChannels: 32, width: 11, dilation: 1, length: 21 }, 7, 48],
  [{ inChannels: 32, outChannels: 32, width: 11, dilation: 4, length: 121 }, 5, 176],
  [{ inChannels: 8, outChannels: 6, width: 21, dilation: 10, length: 401 }, 9, 608],
  [{ inChannels: 4, outChannels: 4, width: 41, dilation: 25, length: 101 }, 30, 1104],
  [{ inChannels: 2, outChannels: 3, width: 11, dilation: 25, length: 30_001 }, 2, 31_008],
]

forEachBuild('dilatedConv', (backend) => {
  it.each(pieceShapes.map((shape) => [`${shape[1]} pieces, ${name(shape[0])}`, ...shape] as const))(
    '%s',
    async (_, c, count, stride) => {
      await expectPieces(backend(), c, count, stride)
    },
  )

  it.each([shapes[3], shapes[4], shapes[6]].map((c) => [name(c), c] as const))('ReLU: %s', async (_, c) => {
    const b = backend()
    const { x, w, bias, scale, shift, r } = operands(c)
    const out = poisoned(b, c.outChannels, c.length)
    b.ops.dilatedConv({
      out,
      input: tensorOf(b, c.inChannels, x),
      weight: b.weights(w, [c.outChannels, c.inChannels, c.width]),
      bias: b.weights(bias, [c.outChannels]),
      dilation: c.dilation,
      before: { scale: b.weights(scale, [c.inChannels]), shift: b.weights(shift, [c.inChannels]) },
      after: true,
      slope: 0,
      residual: tensorOf(b, c.outChannels, r),
    })
    const options = { before: { scale, shift }, after: true, slope: 0, residual: matrix(r, c.outChannels) }
    const expected = flat(dilatedConv(matrix(x, c.inChannels), w, bias, c.width, c.dilation, options))
    expect(relativeError(await b.read(out), expected)).toBeLessThan(2e-6)
  })
  it.each(shapes.map((c) => [name(c), c] as const))('%s', async (_, c) => {
    expect(await errorOf(backend(), c, false)).toBeLessThan(2e-6)
    expect(await errorOf(backend(), c, true)).toBeLessThan(2e-6)
  })

  it('reads and writes only its views, and may write over the residual', async () => {
    await expectOnlyItsViews(
      backend(),
      { inChannels: 5, outChannels: 6, width: 5, dilation: 7, length: 90 },
      { input: 9, out: 13 },
    )
  })

  it('gives every position the same value in pieces as at once', async () => {
    const b = backend()
    const c: Case = { inChannels: 8, outChannels: 8, width: 11, dilation: 4, length: 1000 }
    const { x, w, bias } = operands(c)
    const input = tensorOf(b, c.inChannels, x)
    const args = {
      weight: b.weights(w, [8, 8, c.width]),
      bias: b.weights(bias, [8]),
      dilation: c.dilation,
      after: true,
    }
    const whole = poisoned(b, 8, c.length)
    const pieces = poisoned(b, 8, c.length)
    b.ops.dilatedConv({ ...args, out: whole, input })
    for (let start = 0; start < c.length; start += 331) {
      const length = Math.min(331, c.length - start)
      b.ops.dilatedConv({
        ...args,
        out: view(pieces, { start, length }),
        input: view(input, { start, length: length + 40 }),
      })
    }
    expect(relativeError(await b.read(pieces), await b.read(whole))).toBeLessThan(2e-6)
  })
})

const methods: { method: string; plan: (request: CpuDilatedConvRequest) => DilatedConvPlan; widest: number }[] = [
  { method: 'the direct sum', plan: directPlan, widest: Number.POSITIVE_INFINITY },
  ...[16, 32, 64, 128, 256, 512].map((fftSize) => ({
    method: `transforms of ${fftSize}`,
    plan: (r: CpuDilatedConvRequest) => transformPlan(r, fftSize),
    widest: fftSize,
  })),
]

describe.each(methods)('dilatedConv on cpu by $method', ({ plan, widest }) => {
  const b = createCpuBackend({ threads: 2, planDilatedConv: plan })
  afterAll(() => b.destroy())

  it.each(shapes.filter((c) => c.width <= widest).map((c) => [name(c), c] as const))('%s', async (_, c) => {
    expect(await errorOf(b, c, false)).toBeLessThan(2e-6)
    expect(await errorOf(b, c, true)).toBeLessThan(2e-6)
  })

  it.each([
    [0, 0],
    [1, 1],
    [8, 3],
    [3, 14],
  ])('reads and writes only its views, input from %i, output from %i', async (input, out) => {
    await expectOnlyItsViews(b, { inChannels: 3, outChannels: 5, width: 4, dilation: 3, length: 205 }, { input, out })
    await expectOnlyItsViews(b, { inChannels: 2, outChannels: 2, width: 3, dilation: 1, length: 77 }, { input, out })
  })
})

describe('dilatedConv on cpu in the frequency domain', () => {
  it.each([
    [1, 1],
    [2, 1],
    [1, 2],
    [1, 3],
    [2, 7],
  ])('pieces of some segments: %i segments, %i pieces a block', async (segmentCount, piecesPerBlock) => {
    const length = piecesPerBlock > 1 ? 12 * 3 * segmentCount - 5 : 100
    const b = createCpuBackend({
      threads: 2,
      planDilatedConv: (request) => ({ ...transformPlan(request, 16), segmentCount, piecesPerBlock }),
    })
    await expectPieces(b, { inChannels: 3, outChannels: 4, width: 5, dilation: 3, length }, 7, 131)
    await b.destroy()
  })

  // One segment of 16 - 5 + 1 = 12 results by 3 phases, and everything around it.
  const segment = 12 * 3
  it.each([1, 2, 3, 4, segment - 1, segment, segment + 1, 2 * segment + 1, 3 * segment - 2, 7 * segment + 5])(
    '%i positions',
    async (length) => {
      const b = createCpuBackend({
        threads: 2,
        planDilatedConv: (request) => ({ ...transformPlan(request, 16), segmentCount: 2 }),
      })
      expect(await errorOf(b, { inChannels: 3, outChannels: 4, width: 5, dilation: 3, length }, true)).toBeLessThan(
        2e-6,
      )
      await b.destroy()
    },
  )

  it('keeps the error with values of very different size in other columns', async () => {
    const b = createCpuBackend({ threads: 2, planDilatedConv: (request) => transformPlan(request, 64) })
    const c: Case = { inChannels: 4, outChannels: 4, width: 11, dilation: 1, length: 5000 }
    const { x, w, bias } = operands(c)
    const calm = x.map((v, k) => (k % (c.length + 10) < 200 ? 1000 * v : v))
    const out = poisoned(b, 4, c.length)
    b.ops.dilatedConv({
      out,
      input: tensorOf(b, 4, calm),
      weight: b.weights(w, [4, 4, 11]),
      bias: b.weights(bias, [4]),
      dilation: 1,
    })
    expect(relativeError(await b.read(out), flat(dilatedConv(matrix(calm, 4), w, bias, 11, 1)))).toBeLessThan(2e-6)
    await b.destroy()
  })

  it('counts the packed weights as memory and gives it back with the weights', async () => {
    const b = createCpuBackend({ threads: 1, planDilatedConv: (request) => transformPlan(request, 16) })
    const weight = b.weights(randomArray(2 * 2 * 3, 1), [2, 2, 3])
    const args = {
      input: tensorOf(b, 2, randomArray(24, 2)),
      out: b.tensor(2, 10),
      weight,
      bias: b.weights(randomArray(2, 3), [2]),
      dilation: 1,
    }
    const before = b.memory.currentBytes
    b.ops.dilatedConv(args)
    b.ops.dilatedConv(args)
    await b.flush()
    expect(b.memory.currentBytes - before).toBe(4 * filterSpectraFloats(16, 2, 2))
    b.releaseWeights(weight)
    expect(b.memory.currentBytes).toBe(before - 4 * 12)
    await b.destroy()
  })
})

// Which build runs depends on the engine: here are those that it may not be, on one worker of this thread.
describe.each(['simd', 'wide'] as const)('dilatedConv on cpu, %s build', (variant) => {
  engineVariant() // sets the flags that the builds need
  const weightsOf = (data: Float32Array, shape: number[]): CpuWeights => ({ shape, data })
  const rowsOf = (channelCount: number, data: Float32Array): CpuTensor => {
    const length = data.length / channelCount
    return { channelCount, length, rowStride: length, offset: 0, data: data.slice() }
  }

  it.each(methods.filter(({ widest }) => widest > 16))('by $method', ({ plan: planOf }) => {
    const c: Case = { inChannels: 6, outChannels: 9, width: 11, dilation: 5, length: 400 }
    const { x, w, bias, scale, shift, r } = operands(c)
    const context = new CpuContext(0, 1, new Int32Array(new SharedArrayBuffer(4 * controlFields)), variant)
    const begin = (): void => context.beginStep(new Int32Array(new SharedArrayBuffer(4 * countersPerStep)), 0)
    const weight = weightsOf(w, [c.outChannels, c.inChannels, c.width])
    const plan = planOf({ ...c, workerCount: 1 })
    const floats =
      plan.method === 'transform'
        ? filterSpectraFloats(plan.fftSize, c.outChannels, c.inChannels)
        : directFloats(c.outChannels, c.inChannels, c.width)
    const packed = new Float32Array(floats).fill(Number.NaN)
    begin()
    prepareDilatedConvKernel({ weight, plan, packed }, context)
    const out = rowsOf(c.outChannels, new Float32Array(c.outChannels * c.length).fill(Number.NaN))
    const before = { scale: weightsOf(scale, [c.inChannels]), shift: weightsOf(shift, [c.inChannels]) }
    const rest = {
      bias: weightsOf(bias, [c.outChannels]),
      dilation: c.dilation,
      before,
      after: true,
      residual: rowsOf(c.outChannels, r),
    }
    begin()
    dilatedConvCpu({ out, input: rowsOf(c.inChannels, x), weight, ...rest, plan, packed }, context)
    expect(relativeError(out.data, answer(c, true))).toBeLessThan(2e-6)
  })
})
