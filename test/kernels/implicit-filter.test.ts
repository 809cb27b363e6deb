import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { view } from '../../src/kernels/tensor.ts'
import { features, filterAt, type ImplicitFilterCase } from '../oracle/implicit-filter.ts'
import { forEachBuild, poisoned, randomArray, relativeError } from '../support/backends.ts'
import { framed } from '../support/framed.ts'
import { describeShared, readTensors, sharedPath } from '../support/shared.ts'

interface HostFilter extends ImplicitFilterCase {
  z?: Float32Array
  t?: Float32Array
  freq: Float32Array
  layers: { weight: Float32Array; bias: Float32Array }[]
  outWeight: Float32Array
  deltas: Float32Array
}

interface FilterShape {
  width: number
  embeddingSize: number
  layerCount: number
  channels: number
  tapCount: number
}

function randomFilter({ width, embeddingSize, layerCount, channels, tapCount }: FilterShape): HostFilter {
  return {
    tapCount,
    embeddingSize,
    freq: randomArray(width, 1).map((v) => 4 + v),
    layers: Array.from({ length: layerCount }, (_, i) => {
      const inputs = i === 0 ? embeddingSize : width
      return {
        weight: randomArray(width * inputs, 2 + i).map((v) => v / Math.sqrt(inputs)),
        bias: randomArray(width, 20 + i),
      }
    }),
    outWeight: randomArray(channels * width, 40),
    deltas: randomArray(channels, 41).map((v) => v * 15),
    shift: 0.05,
  }
}

function upload(b: Backend, host: HostFilter) {
  const width = host.freq.length
  return {
    tapCount: host.tapCount,
    embeddingSize: host.embeddingSize,
    ...(host.z && { z: b.weights(host.z, [host.z.length / host.embeddingSize, host.embeddingSize]) }),
    ...(host.t && { t: b.weights(host.t, [host.t.length]) }),
    freq: b.weights(host.freq, [width]),
    layers: host.layers.map(({ weight, bias }) => ({
      weight: b.weights(weight, [width, weight.length / width]),
      bias: b.weights(bias, [width]),
    })),
    outWeight: b.weights(host.outWeight, [host.deltas.length, width]),
    deltas: b.weights(host.deltas, [host.deltas.length]),
    shift: host.shift,
  }
}

/** `[channels, count]` from firstTap on. */
function expectedTaps(host: HostFilter, firstTap: number, count: number): Float64Array {
  const out = new Float64Array(host.deltas.length * count)
  for (let i = 0; i < count; i++)
    filterAt(host, firstTap + i).forEach((v, c) => {
      out[c * count + i] = v
    })
  return out
}

forEachBuild('implicitFilter', (backend) => {
  it.each([
    { width: 64, embeddingSize: 5, layerCount: 3, channels: 40, tapCount: 1026 },
    { width: 30, embeddingSize: 33, layerCount: 2, channels: 7, tapCount: 2999 },
    { width: 1, embeddingSize: 3, layerCount: 1, channels: 1, tapCount: 17 },
    { width: 16, embeddingSize: 1, layerCount: 2, channels: 3, tapCount: 5 },
    { width: 8, embeddingSize: 5, layerCount: 3, channels: 4, tapCount: 1 },
  ])('%o', async (shape) => {
    const b = backend()
    const host = randomFilter(shape)
    const out = poisoned(b, shape.channels, shape.tapCount)
    b.ops.implicitFilter({ ...upload(b, host), out, firstTap: 0 })
    expect(relativeError(await b.read(out), expectedTaps(host, 0, shape.tapCount))).toBeLessThan(3e-6)
  })

  it('makes any part of a filter, in the middle of a tensor', async () => {
    const b = backend()
    const host = randomFilter({ width: 20, embeddingSize: 5, layerCount: 3, channels: 10, tapCount: 100_000 })
    const out = framed(b, 10, 777, { before: 5 })
    b.ops.implicitFilter({ ...upload(b, host), out: out.view, firstTap: 98_765 })
    expect(relativeError(await out.read(), expectedTaps(host, 98_765, 777))).toBeLessThan(3e-6)
  })

  it("uses a checkpoint's own tables of z and t", async () => {
    const b = backend()
    const host = randomFilter({ width: 24, embeddingSize: 5, layerCount: 3, channels: 6, tapCount: 300 })
    const distort = (v: number, i: number): number => v * (1 + 0.1 * Math.sin(i)) // far from what would be computed
    host.z = Float32Array.from(Array.from({ length: 300 }, (_, i) => features(host, i)).flat(), distort)
    host.t = Float32Array.from({ length: 300 }, (_, i) => distort(i / 299, i))
    const out = poisoned(b, 6, 300)
    const args = upload(b, host)
    b.ops.implicitFilter({ ...args, out, firstTap: 0 })
    expect(relativeError(await b.read(out), expectedTaps(host, 0, 300))).toBeLessThan(3e-6)
    b.ops.implicitFilter({ ...args, out: view(out, { length: 101 }), firstTap: 150 })
    expect(relativeError(await b.read(view(out, { length: 101 })), expectedTaps(host, 150, 101))).toBeLessThan(3e-6)
  })

  it('refuses tables that end before the taps asked for', () => {
    const b = backend()
    const host = randomFilter({ width: 8, embeddingSize: 5, layerCount: 2, channels: 2, tapCount: 50 })
    host.t = new Float32Array(50)
    const args = upload(b, host)
    expect(() => b.ops.implicitFilter({ ...args, out: b.tensor(2, 10), firstTap: 41 })).toThrow(
      /table t is too short: expected 51 rows, got 50/,
    )
  })
})

// Reference values in float64 of the two filters, at thousands of taps including the last, for three of 128 channels.
describeShared('fixtures/filter', () => {
  const weights = readTensors(sharedPath('fixtures/filter/filter_weights.safetensors'))
  const expected = readTensors(sharedPath('fixtures/filter/filter_expected.safetensors'))
  const channels = Array.from(expected.get('channels')!.values)

  forEachBuild('implicitFilter', (backend) => {
    it.each([
      ['random', 1024, 1026, 1e-6],
      ['random', 32768, 32770, 1e-6],
      ['random', 1000002, 1000002, 1e-6],
      ['wild', 1024, 1026, 5e-5],
      ['wild', 32768, 32770, 5e-5],
      ['wild', 1000002, 1000002, 5e-5],
    ] as const)('%s, first %i of %i taps, absolute error below %f', async (name, length, tapCount, bound) => {
      const f32 = (key: string): Float32Array => Float32Array.from(weights.get(`${name}.${key}`)!.values)
      const allOut = f32('implicit_filter.6.weight')
      const allDeltas = f32('modulation.deltas')
      const host: HostFilter = {
        tapCount,
        embeddingSize: 5,
        freq: f32('implicit_filter.1.freq'),
        layers: [0, 2, 4].map((i) => ({
          weight: f32(`implicit_filter.${i}.weight`),
          bias: f32(`implicit_filter.${i}.bias`),
        })),
        outWeight: Float32Array.from(channels.flatMap((c) => Array.from(allOut.subarray(c * 64, (c + 1) * 64)))),
        deltas: Float32Array.from(channels, (c) => allDeltas[c]),
        shift: 0.05,
      }
      const b = backend()
      const args = upload(b, host)
      const positions = expected.get(`${name}.L${length}.pos`)!.values
      const k = expected.get(`${name}.L${length}.k`)!.values
      // All taps at once; on a GPU, which may be a software one, the longest filter is sampled at both ends and in the middle.
      const part = b.kind === 'cpu' ? length : Math.min(length, 32768)
      let worst = 0
      for (const firstTap of new Set([0, Math.floor((length - part) / 2), length - part])) {
        const out = poisoned(b, channels.length, part)
        b.ops.implicitFilter({ ...args, out, firstTap })
        const got = await b.read(out)
        b.release(out)
        positions.forEach((position, p) => {
          const i = position - firstTap
          if (i < 0 || i >= part) return
          channels.forEach((_, c) => {
            const error = Math.abs(got[c * part + i] - k[c * positions.length + p])
            if (!(error <= worst)) worst = error
          })
        })
      }
      expect(worst).toBeGreaterThan(0) // something was compared
      expect(worst).toBeLessThan(bound)
    })
  })
})
