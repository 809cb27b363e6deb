import { afterAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { poisoned, randomArray, tensorOf } from '../support/backends.ts'

/*
 * The build with fused multiply-add and the wide one differ in how much they do at a time, not in what: the same bits come out.
 * (Dilated convolutions in the frequency domain are left out: there columns that share a transform round together.)
 */
const length = 1003
const channels = 40
const norm = (b: Backend) => ({
  weight: b.weights(randomArray(channels, 2), [channels]),
  bias: b.weights(randomArray(channels, 3), [channels]),
  epsilon: 1e-5,
})
const layer = (b: Backend, outputs: number, inputs: number, seed: number) => ({
  weight: b.weights(randomArray(outputs * inputs, seed), [outputs, inputs]),
  bias: b.weights(randomArray(outputs, seed + 1), [outputs]),
})

function longConv(b: Backend, out: Tensor, input: Tensor, filterLength: number, size: number): void {
  const plan = b.planLongConv({ channelCount: channels, length: size, filterLength })
  const filter = b.prepareFilter(plan, tensorOf(b, channels, randomArray(channels * filterLength, 9)), { centerTap: 0 })
  b.ops.longConv({ out, input, filter, inputShift: 0 })
}

const ops: { name: string; outputs?: number; size?: number; run: (b: Backend, out: Tensor, input: Tensor) => void }[] =
  [
    {
      name: 'linear',
      outputs: 37,
      run: (b, out, input) =>
        b.ops.linear({ out, input, norm: norm(b), activation: 'gelu', ...layer(b, 37, channels, 5) }),
    },
    {
      name: 'mlp',
      run: (b, out, input) =>
        b.ops.mlp({ out, input, norm: norm(b), fc1: layer(b, 150, channels, 5), fc2: layer(b, channels, 150, 7) }),
    },
    {
      name: 'gatedProjection',
      run: (b, out, input) =>
        b.ops.gatedProjection({
          gate: poisoned(b, channels, length),
          value: out,
          input,
          norm: norm(b),
          ...layer(b, 3 * channels, channels, 5),
          shortWeight: b.weights(randomArray(9 * channels, 7), [3 * channels, 3]),
          shortBias: b.weights(randomArray(3 * channels, 8), [3 * channels]),
          padding: 'causal',
        }),
    },
    {
      name: 'implicitFilter',
      run: (b, out) => {
        const width = 10
        b.ops.implicitFilter({
          out,
          firstTap: 0,
          tapCount: length,
          embeddingSize: 5,
          shift: 0.05,
          freq: b.weights(randomArray(width, 1), [width]),
          deltas: b.weights(randomArray(channels, 2), [channels]),
          outWeight: b.weights(randomArray(channels * width, 3), [channels, width]),
          layers: [layer(b, width, 5, 4), layer(b, width, width, 6)],
        })
      },
    },
    {
      name: 'dilatedConv',
      run: (b, out, input) =>
        b.ops.dilatedConv({
          out,
          input,
          dilation: 1,
          bias: b.weights(randomArray(channels, 4), [channels]),
          weight: b.weights(randomArray(channels * channels, 5), [channels, channels, 1]),
          before: {
            scale: b.weights(randomArray(channels, 6), [channels]),
            shift: b.weights(randomArray(channels, 7), [channels]),
          },
          after: true,
        }),
    },
    { name: 'longConv, direct', run: (b, out, input) => longConv(b, out, input, 4, length) },
    { name: 'longConv, one block', run: (b, out, input) => longConv(b, out, input, length, length) },
    {
      name: 'longConv, rows and columns',
      size: 100_000,
      run: (b, out, input) => longConv(b, out, input, 90_000, 100_000),
    },
  ]

describe('all builds of the CPU kernels with fused multiply-add', () => {
  const builds = (['relaxed', 'wide'] as const).map((variant) => createCpuBackend({ threads: 2, variant }))
  afterAll(async () => {
    await Promise.all(builds.map((b) => b.destroy()))
  })

  it.each(ops)('$name: the same bits', async ({ outputs = channels, size = length, run }) => {
    const [relaxed, wide] = await Promise.all(
      builds.map((b) => {
        const out = poisoned(b, outputs, size)
        run(b, out, tensorOf(b, channels, randomArray(channels * size, 1)))
        return b.read(out)
      }),
    )
    expect(relaxed.some((v) => v !== 0)).toBe(true)
    expect(relaxed.every((v, i) => v === wide[i])).toBe(true)
  })
})
