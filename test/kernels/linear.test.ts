import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { flat, geluTanh, layerNorm, linear, matrix } from '../oracle/linear.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { framed } from '../support/framed.ts'

interface Options {
  bias?: boolean
  norm?: boolean
  gelu?: boolean
}

/** Seeded parameters of one layer, the op's arguments and the float64 answer without a residual. */
function layer(b: Backend, inChannels: number, outChannels: number, x: Float32Array, { bias, norm, gelu }: Options) {
  const w = randomArray(outChannels * inChannels, 2)
  const bs = randomArray(outChannels, 3)
  const nw = randomArray(inChannels, 4)
  const nb = randomArray(inChannels, 5)
  const args = {
    weight: b.weights(w, [outChannels, inChannels]),
    ...(bias && { bias: b.weights(bs, [outChannels]) }),
    ...(norm && { norm: { weight: b.weights(nw, [inChannels]), bias: b.weights(nb, [inChannels]), epsilon: 1e-5 } }),
    ...(gelu && { activation: 'gelu' as const }),
  }
  const input = matrix(x, inChannels)
  const expected = flat(linear(norm ? layerNorm(input, nw, nb, 1e-5) : input, w, bias ? bs : undefined, outChannels))
  return { args, expected: gelu ? expected.map(geluTanh) : expected }
}

forEachBuild('linear', (backend) => {
  it.each([
    [1, 1, 1],
    [1, 3, 7],
    [3, 5, 17],
    [4, 32, 1023],
    [32, 3, 1025],
    [48, 96, 129],
    [128, 384, 1000],
    [256, 130, 257],
    [768, 16, 33],
  ])('%i -> %i channels over %i positions, layer norm, GELU and residual', async (inChannels, outChannels, length) => {
    const b = backend()
    const x = randomArray(inChannels * length, 1)
    const r = randomArray(outChannels * length, 6)
    const { args, expected } = layer(b, inChannels, outChannels, x, { bias: true, norm: true, gelu: true })
    const out = poisoned(b, outChannels, length)
    b.ops.linear({ ...args, out, input: tensorOf(b, inChannels, x), residual: tensorOf(b, outChannels, r) })
    expect(
      relativeError(
        await b.read(out),
        expected.map((v, i) => v + r[i]),
      ),
    ).toBeLessThan(2e-6)
  })

  it.each([{}, { bias: true }, { norm: true }, { bias: true, gelu: true }])('plain, with %o', async (options) => {
    const b = backend()
    const x = randomArray(20 * 100, 1)
    const { args, expected } = layer(b, 20, 37, x, options)
    const out = poisoned(b, 37, 100)
    b.ops.linear({ ...args, out, input: tensorOf(b, 20, x) })
    expect(relativeError(await b.read(out), expected)).toBeLessThan(2e-6)
  })

  it('writes its result over the residual or over the input', async () => {
    const b = backend()
    const x = randomArray(40 * 1500, 1)
    const { args, expected } = layer(b, 40, 40, x, { bias: true, norm: true })
    const both = (t: Tensor): { out: Tensor; residual: Tensor } => ({ out: t, residual: t })
    const r = randomArray(40 * 1500, 6)
    const sum = tensorOf(b, 40, r)
    b.ops.linear({ ...args, ...both(sum), input: tensorOf(b, 40, x) })
    expect(
      relativeError(
        await b.read(sum),
        expected.map((v, i) => v + r[i]),
      ),
    ).toBeLessThan(2e-6)
    const inPlace = tensorOf(b, 40, x)
    b.ops.linear({ ...args, out: inPlace, input: inPlace })
    expect(relativeError(await b.read(inPlace), expected)).toBeLessThan(2e-6)
  })

  it.each([4, 5, 16])(
    'works on views that start at position %i of a row, and leaves their surroundings alone',
    async (before) => {
      const b = backend()
      const length = 701
      const x = randomArray(21 * length, 1)
      const r = randomArray(30 * length, 6)
      const { args, expected } = layer(b, 21, 30, x, { bias: true, norm: true, gelu: true })
      const input = framed(b, 21, length, { data: x, before: before + 1 })
      const residual = framed(b, 30, length, { data: r, before: 7 })
      const out = framed(b, 30, length, { before })
      b.ops.linear({ ...args, out: out.view, input: input.view, residual: residual.view })
      expect(
        relativeError(
          await out.read(),
          expected.map((v, i) => v + r[i]),
        ),
      ).toBeLessThan(2e-6)
      expect(await input.read()).toEqual(x)
      expect(await residual.read()).toEqual(r)
    },
  )

  it('keeps its digits where the mean is large against the spread', async () => {
    const b = backend()
    const x = randomArray(64 * 50, 1).map((v) => 1000 + v)
    const { args, expected } = layer(b, 64, 8, x, { norm: true })
    const out = poisoned(b, 8, 50)
    b.ops.linear({ ...args, out, input: tensorOf(b, 64, x) })
    // The inputs themselves are exact in f32; the mean's rounding, 3e-5 of a spread of 0.6, is what remains.
    expect(relativeError(await b.read(out), expected)).toBeLessThan(2e-4)
  })

  it('GELU is right from one tail to the other', async () => {
    const b = backend()
    const x = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100)
    const out = poisoned(b, 1, x.length)
    b.ops.linear({ out, input: tensorOf(b, 1, x), weight: b.weights(Float32Array.of(1), [1, 1]), activation: 'gelu' })
    const got = await b.read(out)
    const errors = got.map((v, i) => Math.abs(v - geluTanh(x[i])) / Math.max(1, Math.abs(x[i])))
    expect(Math.max(...errors)).toBeLessThan(5e-7)
  })

  it('names the weights that do not fit', () => {
    const b = backend()
    const out = b.tensor(4, 10)
    const input = b.tensor(3, 10)
    const weight = b.weights(new Float32Array(8), [4, 2])
    expect(() => b.ops.linear({ out, input, weight })).toThrow(/linear: weight .*expected \[4,3\], got \[4,2\]/)
  })
})
