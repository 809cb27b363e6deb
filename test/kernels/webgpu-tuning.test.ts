import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { defaultTuning, tilePositions } from '../../src/kernels/webgpu/tuning.ts'
import { gpuSkipReason, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

it('a tile is a multiple of 256 positions that half a binding holds, or all there are', () => {
  expect(tilePositions(1000, 4096, 2 ** 20, 2 ** 31)).toBe(256)
  expect(tilePositions(100, 4096, 2 ** 20, 2 ** 31)).toBe(100)
  expect(tilePositions(10 ** 6, 4096, 128 * 2 ** 20, 128 * 2 ** 20)).toBe(16_384) // with a halo it still fits
  expect(tilePositions(10 ** 6, 1024, 2 ** 20 + 2 ** 18, 2 ** 31)).toBe(1280)
})

describe.skipIf(gpuSkipReason !== undefined)(
  `the choice of tiles${gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`}`,
  () => {
    let whole: WebGpuBackend
    let tiled: WebGpuBackend
    beforeAll(async () => {
      whole = await createWebGpuBackend()
      tiled = await createWebGpuBackend({ tuning: { ...defaultTuning(true), tileBytes: 1, workBytes: 1 } })
    })
    afterAll(async () => {
      await whole?.destroy()
      await tiled?.destroy()
    })
    const [channels, length] = [6, 600] // tiles of 256, 256 and 88
    const x = randomArray(channels * length, 1).map((v, i) => v + (i % length) / 100) // each position has a norm of its own

    const normOf = (b: WebGpuBackend) => ({
      weight: b.weights(randomArray(channels, 2), [channels]),
      bias: b.weights(randomArray(channels, 3), [channels]),
      epsilon: 1e-5,
    })
    const both = async (run: (b: WebGpuBackend) => Promise<Float32Array>): Promise<[Float32Array, Float32Array]> => [
      await run(whole),
      await run(tiled),
    ]

    it('changes nothing of two dense layers with a norm, which are those of the layers alone', async () => {
      const [hidden, alone] = [8, await layersAlone(whole)]
      const [one, many] = await both(async (b) => {
        const out = poisoned(b, channels, length)
        const fc1 = {
          weight: b.weights(randomArray(hidden * channels, 4), [hidden, channels]),
          bias: b.weights(randomArray(hidden, 5), [hidden]),
        }
        const fc2 = {
          weight: b.weights(randomArray(channels * hidden, 6), [channels, hidden]),
          bias: b.weights(randomArray(channels, 7), [channels]),
        }
        b.ops.mlp({ out, input: tensorOf(b, channels, x), norm: normOf(b), fc1, fc2 })
        return b.read(out)
      })
      expect(relativeError(many, one)).toBe(0)
      expect(relativeError(one, alone)).toBeLessThan(1e-6)
    })

    /** The same by the op of one layer. */
    async function layersAlone(b: WebGpuBackend): Promise<Float32Array> {
      const hidden = 8
      const [input, middle, out] = [
        tensorOf(b, channels, x),
        poisoned(b, hidden, length),
        poisoned(b, channels, length),
      ]
      b.ops.linear({
        out: middle,
        input,
        norm: normOf(b),
        weight: b.weights(randomArray(hidden * channels, 4), [hidden, channels]),
        bias: b.weights(randomArray(hidden, 5), [hidden]),
        activation: 'gelu',
      })
      b.ops.linear({
        out,
        input: middle,
        weight: b.weights(randomArray(channels * hidden, 6), [channels, hidden]),
        bias: b.weights(randomArray(channels, 7), [channels]),
        residual: input,
      })
      return b.read(out)
    }

    it('changes nothing of a gated projection with history, nor of a convolution in three passes', async () => {
      const [gates, filterLength] = [3, 700]
      const [one, many] = await both(async (b) => {
        const [gate, value] = [poisoned(b, gates, length), poisoned(b, gates, length)]
        b.ops.gatedProjection({
          gate,
          value,
          input: tensorOf(b, channels, x),
          history: tensorOf(b, channels, randomArray(2 * channels, 8)),
          norm: normOf(b),
          padding: 'causal',
          weight: b.weights(randomArray(9 * channels, 9), [9, channels]),
          bias: b.weights(randomArray(9, 10), [9]),
          shortWeight: b.weights(randomArray(27, 11), [9, 3]),
          shortBias: b.weights(randomArray(9, 12), [9]),
        })
        const out = poisoned(b, gates, length)
        const plan = {
          ...{
            method: 'transform' as const,
            channelCount: gates,
            length,
            filterLength,
            fftSize: 1024,
            validLength: 325,
          },
          ...{ segmentCount: 2, factors: [16, 32], keepSpectra: true, frequencySparsity: 0 },
        }
        const filter = b.prepareFilter(plan, tensorOf(b, gates, randomArray(gates * filterLength, 13)), {
          centerTap: 0,
        })
        b.ops.longConv({ out, input: value, filter, inputShift: 0, post: gate })
        return Float32Array.from([...(await b.read(gate)), ...(await b.read(value)), ...(await b.read(out))])
      })
      expect(relativeError(many, one)).toBe(0)
    })
  },
)
