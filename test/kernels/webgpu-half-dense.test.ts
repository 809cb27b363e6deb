import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findAdapter } from '../../src/kernels/webgpu/adapter.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { randomArray } from '../support/backends.ts'
import { denseError, dilatedError, gpuHalfSkipNote, gpuHalfSkipReason } from '../support/half-products.ts'

const tolerance = 2e-3 // relative L2: docs/models.md, section 4

/** Weights as f16, sums in f32 registers. */
describe.skipIf(gpuHalfSkipReason !== undefined)(`dense layers with f16 weights${gpuHalfSkipNote}`, () => {
  let b: WebGpuBackend
  beforeAll(async () => {
    const found = await findAdapter('f16')
    b = await createWebGpuBackend({ precision: 'f16', ...(found.adapter && { found }) })
  })
  afterAll(() => b.destroy())

  it.each([
    [1, 1, 1],
    [48, 96, 129],
    [20, 37, 100],
  ])(
    '%i -> %i channels over %i positions: within the tolerance, and not f32',
    async (inChannels, outChannels, length) => {
      const error = await denseError(b, {
        inChannels,
        outChannels,
        length,
        weight: randomArray(outChannels * inChannels, 2),
      })
      expect(error).toBeLessThan(tolerance)
      if (inChannels > 1) expect(error).toBeGreaterThan(1e-5)
    },
  )

  it('rows of weights of any magnitude keep their digits', async () => {
    const [inChannels, outChannels, length] = [20, 37, 100]
    // From 1e-30 to 1e30 by output; every output is compared on its own.
    const weight = randomArray(outChannels * inChannels, 2).map(
      (v, i) => v * 10 ** (Math.floor(i / inChannels) * (60 / outChannels) - 30),
    )
    expect(await denseError(b, { inChannels, outChannels, length, weight, bare: true })).toBeLessThan(tolerance)
  })

  it('a row of zeros stays zero', async () => {
    expect(
      await denseError(b, { inChannels: 20, outChannels: 37, length: 100, weight: new Float32Array(740), bare: true }),
    ).toBe(0)
  })

  it.each([
    { inChannels: 5, outChannels: 7, width: 3, dilation: 2, length: 61 },
    { inChannels: 32, outChannels: 32, width: 11, dilation: 4, length: 500 },
  ])('dilated convolution %o', async (shape) => {
    expect(await dilatedError(b, shape)).toBeLessThan(tolerance)
  })

  it('the f16 form goes with its weights', async () => {
    const before = b.memory.currentBytes
    const weight = b.weights(randomArray(64 * 64, 1), [64, 64])
    const [input, out] = [b.tensor(64, 16), b.tensor(64, 16)]
    b.ops.linear({ out, input, weight })
    expect(b.memory.currentBytes).toBeGreaterThan(before + 64 * 64 * 4 + 2 * 64 * 16 * 4)
    for (const tensor of [input, out]) b.release(tensor)
    b.releaseWeights(weight)
    await b.flush()
    expect(b.memory.currentBytes).toBe(before)
  })
})
