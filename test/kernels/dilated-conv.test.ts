import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { fftPlan } from '../../src/kernels/dilated-conv/plan.ts'
import { view } from '../../src/kernels/tensor.ts'
import { dilatedConv } from '../oracle/dilated-conv.ts'
import { flat, matrix } from '../oracle/linear.ts'
import { forEachBackend, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

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

/** Relative error of the op, with everything fused, against the oracle. */
async function errorOf(b: Backend, c: Case, fused: boolean): Promise<number> {
  const { inputLength, x, w, bias, scale, shift, r } = operands(c)
  const out = poisoned(b, c.outChannels, c.length)
  const residual = matrix(r, c.outChannels)
  const before = { scale: b.weights(scale, [c.inChannels]), shift: b.weights(shift, [c.inChannels]) }
  b.ops.dilatedConv({
    out,
    input: tensorOf(b, c.inChannels, x),
    weight: b.weights(w, [c.outChannels, c.inChannels, c.width]),
    bias: b.weights(bias, [c.outChannels]),
    dilation: c.dilation,
    ...(fused ? { before, after: true, residual: tensorOf(b, c.outChannels, r) } : {}),
  })
  const got = await b.read(out)
  expect(inputLength * c.inChannels).toBe(x.length)
  const expected = dilatedConv(matrix(x, c.inChannels), w, bias, c.width, c.dilation, fused ? { before: { scale, shift }, after: true, residual } : {})
  return relativeError(got, flat(expected))
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
const name = (c: Case): string => `${c.inChannels} -> ${c.outChannels} channels, width ${c.width}, dilation ${c.dilation}, ${c.length} positions`

forEachBackend('dilatedConv', (backend) => {
  it.each(shapes.map((c) => [name(c), c] as const))('%s', async (_, c) => {
    expect(await errorOf(backend(), c, false)).toBeLessThan(2e-6)
    expect(await errorOf(backend(), c, true)).toBeLessThan(2e-6)
  })

  it('reads and writes only its views, and may write over the residual', async () => {
    const b = backend()
    const c: Case = { inChannels: 5, outChannels: 6, width: 5, dilation: 7, length: 90 }
    const { inputLength, x, w, bias } = operands(c)
    const whole = poisoned(b, c.inChannels + 2, inputLength + 20)
    const input = view(whole, { channelStart: 1, channelCount: c.inChannels, start: 9, length: inputLength })
    b.write(input, x)
    const marks = randomArray((c.outChannels + 2) * (c.length + 30), 7)
    const target = tensorOf(b, c.outChannels + 2, marks)
    const out = view(target, { channelStart: 1, channelCount: c.outChannels, start: 13, length: c.length })
    b.ops.dilatedConv({
      out,
      input,
      weight: b.weights(w, [c.outChannels, c.inChannels, c.width]),
      bias: b.weights(bias, [c.outChannels]),
      dilation: c.dilation,
      residual: out,
    })
    const got = await b.read(target)
    const expected = Float64Array.from(marks)
    const residual = matrix(marks, c.outChannels + 2).slice(1, -1).map((r) => r.slice(13, 13 + c.length))
    dilatedConv(matrix(x, c.inChannels), w, bias, c.width, c.dilation, { residual }).forEach((r, o) => {
      expected.set(r, (o + 1) * (c.length + 30) + 13)
    })
    expect(relativeError(got, expected)).toBeLessThan(2e-6)
    const outside = (v: ArrayLike<number>) => Array.from(v).filter((_, k) => {
      const channel = Math.floor(k / (c.length + 30))
      const t = k % (c.length + 30)
      return channel < 1 || channel > c.outChannels || t < 13 || t >= 13 + c.length
    })
    expect(outside(got)).toEqual(outside(marks))
  })
})

describe('dilatedConv on cpu in the frequency domain', () => {
  for (const fftSize of [16, 32, 64, 128, 512]) {
    const b = createCpuBackend({ threads: 2, planDilatedConv: (request) => fftPlan(request, fftSize) })
    it.each(shapes.filter((c) => c.width <= fftSize).map((c) => [name(c), c] as const))(`%s, transforms of ${fftSize}`, async (_, c) => {
      expect(await errorOf(b, c, false)).toBeLessThan(2e-6)
      expect(await errorOf(b, c, true)).toBeLessThan(2e-6)
    })
  }
})
