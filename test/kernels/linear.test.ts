import { expect, it } from 'vitest'
import { flat, geluTanh, layerNorm, linear, matrix } from '../oracle/linear.ts'
import { forEachBackend, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

forEachBackend('linear', (backend) => {
  it.each([
    [1, 1, 1],
    [3, 5, 17],
    [128, 384, 1000],
    [256, 130, 257],
  ])('%i -> %i channels over %i positions, layer norm, GELU and residual', async (inChannels, outChannels, length) => {
    const b = backend()
    const x = randomArray(inChannels * length, 1)
    const w = randomArray(outChannels * inChannels, 2)
    const bias = randomArray(outChannels, 3)
    const nw = randomArray(inChannels, 4)
    const nb = randomArray(inChannels, 5)
    const r = randomArray(outChannels * length, 6)
    const out = poisoned(b, outChannels, length)
    b.ops.linear({
      out,
      input: tensorOf(b, inChannels, x),
      weight: b.weights(w, [outChannels, inChannels]),
      bias: b.weights(bias, [outChannels]),
      norm: { weight: b.weights(nw, [inChannels]), bias: b.weights(nb, [inChannels]), epsilon: 1e-5 },
      activation: 'gelu',
      residual: tensorOf(b, outChannels, r),
    })
    const expected = linear(layerNorm(matrix(x, inChannels), nw, nb, 1e-5), w, bias, outChannels).map((row, o) =>
      row.map((v, t) => geluTanh(v) + r[o * length + t]!),
    )
    expect(relativeError(await b.read(out), flat(expected))).toBeLessThan(2e-6)
  })
})
