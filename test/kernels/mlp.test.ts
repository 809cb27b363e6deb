import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { flat, geluTanh, layerNorm, linear, matrix } from '../oracle/linear.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { framed } from '../support/framed.ts'

function block(b: Backend, channels: number, hidden: number, x: Float32Array) {
  const nw = randomArray(channels, 2)
  const nb = randomArray(channels, 3)
  const w1 = randomArray(hidden * channels, 4)
  const b1 = randomArray(hidden, 5)
  const w2 = randomArray(channels * hidden, 6)
  const b2 = randomArray(channels, 7)
  const args = {
    norm: { weight: b.weights(nw, [channels]), bias: b.weights(nb, [channels]), epsilon: 1e-5 },
    fc1: { weight: b.weights(w1, [hidden, channels]), bias: b.weights(b1, [hidden]) },
    fc2: { weight: b.weights(w2, [channels, hidden]), bias: b.weights(b2, [channels]) },
  }
  const h = linear(layerNorm(matrix(x, channels), nw, nb, 1e-5), w1, b1, hidden).map((row) => row.map(geluTanh))
  return { args, expected: flat(linear(h, w2, b2, channels)).map((v, i) => v + x[i]) }
}

forEachBuild('mlp', (backend) => {
  it.each([
    [1, 1, 1],
    [3, 5, 17],
    [4, 130, 100],
    [16, 66, 1025],
    [48, 96, 333],
    [128, 512, 257],
    [256, 1024, 17],
  ])('%i channels, %i hidden, %i positions', async (channels, hidden, length) => {
    const b = backend()
    const x = randomArray(channels * length, 1)
    const { args, expected } = block(b, channels, hidden, x)
    const input = tensorOf(b, channels, x)
    const out = poisoned(b, channels, length)
    b.ops.mlp({ ...args, out, input })
    expect(relativeError(await b.read(out), expected)).toBeLessThan(2e-6)
    b.ops.mlp({ ...args, out: input, input })
    expect(relativeError(await b.read(input), expected)).toBeLessThan(2e-6)
  })

  it('works on views and leaves their surroundings alone', async () => {
    const b = backend()
    const x = randomArray(30 * 611, 1)
    const { args, expected } = block(b, 30, 70, x)
    const input = framed(b, 30, 611, { data: x, before: 4 })
    const out = framed(b, 30, 611, { before: 5 })
    b.ops.mlp({ ...args, out: out.view, input: input.view })
    b.ops.mlp({ ...args, out: input.view, input: input.view })
    expect(relativeError(await out.read(), expected)).toBeLessThan(2e-6)
    expect(relativeError(await input.read(), expected)).toBeLessThan(2e-6)
  })
})
