import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { view } from '../../src/kernels/tensor.ts'
import { gatedProjection } from '../oracle/gated-projection.ts'
import { flat, matrix } from '../oracle/linear.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { framed } from '../support/framed.ts'

function projection(b: Backend, inChannels: number, channels: number, taps: number, padding: 'causal' | 'valid') {
  const host = {
    norm: { weight: randomArray(inChannels, 2), bias: randomArray(inChannels, 3), epsilon: 1e-5 },
    weight: randomArray(3 * channels * inChannels, 4),
    bias: randomArray(3 * channels, 5),
    shortWeight: randomArray(3 * channels * taps, 6),
    shortBias: randomArray(3 * channels, 7),
  }
  const args = {
    norm: {
      weight: b.weights(host.norm.weight, [inChannels]),
      bias: b.weights(host.norm.bias, [inChannels]),
      epsilon: 1e-5,
    },
    weight: b.weights(host.weight, [3 * channels, inChannels]),
    bias: b.weights(host.bias, [3 * channels]),
    shortWeight: b.weights(host.shortWeight, [3 * channels, taps]),
    shortBias: b.weights(host.shortBias, [3 * channels]),
    padding,
  }
  const oracle = (input: Float32Array, history?: Float32Array): { gate: Float64Array; value: Float64Array } => {
    const { gate, value } = gatedProjection({
      ...host,
      channels,
      taps,
      padding,
      input: matrix(input, inChannels),
      history: history && matrix(history, inChannels),
    })
    return { gate: flat(gate), value: flat(value) }
  }
  return { args, oracle }
}

forEachBuild('gatedProjection', (backend) => {
  for (const padding of ['valid', 'causal', 'causal with history'] as const) {
    it.each([
      [1, 1, 3, 1],
      [3, 5, 3, 2],
      [4, 4, 1, 9],
      [16, 16, 4, 3],
      [20, 17, 7, 4],
      [32, 48, 9, 1100],
      [128, 128, 3, 385],
      [256, 256, 3, 130],
    ])(`${padding}: %i -> 3 x %i channels, %i taps, %i positions`, async (inChannels, channels, taps, length) => {
      const b = backend()
      const { args, oracle } = projection(b, inChannels, channels, taps, padding === 'valid' ? 'valid' : 'causal')
      const x = randomArray(inChannels * (padding === 'valid' ? length + taps - 1 : length), 1)
      const past = padding === 'causal with history' && taps > 1 ? randomArray(inChannels * (taps - 1), 8) : undefined
      const gate = poisoned(b, channels, length)
      const value = poisoned(b, channels, length)
      b.ops.gatedProjection({
        ...args,
        gate,
        value,
        input: tensorOf(b, inChannels, x),
        ...(past && { history: tensorOf(b, inChannels, past) }),
      })
      const expected = oracle(x, past)
      expect(relativeError(await b.read(gate), expected.gate)).toBeLessThan(2e-6)
      expect(relativeError(await b.read(value), expected.value)).toBeLessThan(2e-6)
    })
  }

  it('works on views and leaves their surroundings alone', async () => {
    const b = backend()
    const { args, oracle } = projection(b, 13, 21, 3, 'causal')
    const x = randomArray(13 * 1400, 1)
    const past = randomArray(13 * 2, 8)
    const input = framed(b, 13, 1400, { data: x, before: 3 })
    const history = framed(b, 13, 2, { data: past, before: 4 })
    const gate = framed(b, 21, 1400, { before: 5 })
    const value = framed(b, 21, 1400, { before: 6 })
    b.ops.gatedProjection({ ...args, gate: gate.view, value: value.view, input: input.view, history: history.view })
    const expected = oracle(x, past)
    expect(relativeError(await gate.read(), expected.gate)).toBeLessThan(2e-6)
    expect(relativeError(await value.read(), expected.value)).toBeLessThan(2e-6)
    expect(await input.read()).toEqual(x)
  })

  it('gives in two blocks what it gives in one', async () => {
    const b = backend()
    const length = 900
    const cut = 333
    const { args } = projection(b, 24, 24, 3, 'causal')
    const input = tensorOf(b, 24, randomArray(24 * length, 1))
    const gate = poisoned(b, 24, length)
    const value = poisoned(b, 24, length)
    const gates = poisoned(b, 24, length)
    const values = poisoned(b, 24, length)
    b.ops.gatedProjection({ ...args, gate, value, input })
    b.ops.gatedProjection({
      ...args,
      gate: view(gates, { length: cut }),
      value: view(values, { length: cut }),
      input: view(input, { length: cut }),
    })
    b.ops.gatedProjection({
      ...args,
      gate: view(gates, { start: cut }),
      value: view(values, { start: cut }),
      input: view(input, { start: cut }),
      history: view(input, { start: cut - 2, length: 2 }),
    })
    expect(relativeError(await b.read(gates), await b.read(gate))).toBeLessThan(1e-6)
    expect(relativeError(await b.read(values), await b.read(value))).toBeLessThan(1e-6)
  })

  it('refuses a history with valid padding', () => {
    const b = backend()
    const { args } = projection(b, 2, 2, 3, 'valid')
    const gate = b.tensor(2, 8)
    const history = b.tensor(2, 2)
    expect(() =>
      b.ops.gatedProjection({ ...args, gate, value: b.tensor(2, 8), input: b.tensor(2, 10), history }),
    ).toThrow(/history goes with causal/)
  })
})
