import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GenoconvError } from '../../../src/errors.ts'
import { createModel } from '../../../src/model/create-model.ts'
import { parseHdf5 } from '../../../src/model/weights/hdf5.ts'
import { readCheckpoints } from '../../../src/model/weights/read-checkpoint.ts'
import { forEachBackend } from '../../support/backends.ts'
import { runAll } from '../../support/run-model.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url))
const bytes = new Uint8Array(readFileSync(golden('spliceai-nano.h5')))
const read = (content: Uint8Array) =>
  readCheckpoints({ name: 'm', weights: { name: 'm.h5', bytes: content, sha256: '0' } })
const graph = parseHdf5(bytes, 'm.h5').attributes.get('model_config')!
/** The file with one text in its graph replaced by another of the same length. */
const withGraph = (from: string, to: string): Uint8Array => {
  expect(to.length).toBe(from.length)
  const text = Buffer.from(bytes).toString('latin1')
  expect(text).toContain(from)
  return new Uint8Array(Buffer.from(text.replace(from, to), 'latin1'))
}

forEachBackend("SpliceAI's Keras form", (backend) => {
  it('gives what Keras gives', async () => {
    const expected = JSON.parse(readFileSync(golden('spliceai-nano.expected.json'), 'utf8')) as {
      sequence: string
      acceptor: number[]
      donor: number[]
    }
    const model = createModel(read(bytes), backend())
    expect(model.info).toMatchObject({ family: 'splice', receptiveField: { left: 40, right: 40 } })
    const got = await runAll(model, expected.sequence, ['acceptor', 'donor'])
    expect(Math.max(...expected.acceptor) - Math.min(...expected.acceptor)).toBeGreaterThan(0.1)
    for (const track of ['acceptor', 'donor'] as const)
      for (const [t, value] of expected[track].entries()) expect(Math.abs(got[track][t] - value)).toBeLessThan(2e-6)
    model.close()
  })
})

describe('files that are refused', () => {
  const input = /"cropping": \[40, 40\]/.exec(graph)![0]
  it.each([
    [
      'another activation',
      withGraph('"activation": "relu"', '"activation": "tanh"'),
      /layer activation_\d+: unknown architecture.*relu/,
    ],
    [
      'another cropping',
      withGraph(input, '"cropping": [41, 41]'),
      /expected a cropping of 40, as much as its convolutions see, got 41/,
    ],
    ['uneven cropping', withGraph(input, '"cropping": [41, 40]'), /the same cropping on both sides/],
    ['a layer that is not there', withGraph('[["input_1", 0', '[["input_2", 0'), /layer input_2/],
    ['no graph', withGraph('"class_name": "Model"', '"class_name": "Model_'), /model_config: not JSON/],
    ['no model', withGraph('model_config\0', 'model_xonfig\0'), /no model in this HDF5 file/],
    [
      'a newer form',
      Uint8Array.from([...bytes.subarray(0, 8), 3, ...bytes.subarray(9)]),
      /an HDF5 file of a form that is not read here/,
    ],
    ['cut off', bytes.subarray(0, 5000), /damaged or truncated HDF5 file/],
    ['the signature alone', bytes.subarray(0, 8), /damaged or truncated HDF5 file/],
  ])('%s', (_, content, message) => {
    expect(() => read(content)).toThrow(message)
    expect(() => read(content)).toThrow(GenoconvError)
  })
  it('property: damaged bytes give a model or one of our errors, soon', () => {
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.constantFrom(0, 1, 2, 127, 255)), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(damage, fc.option(fc.nat(bytes.length), { nil: undefined, freq: 8 }), (changes, end) => {
        const damaged = bytes.slice(0, end)
        for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value
        try {
          read(damaged)
        } catch (error) {
          if (!(error instanceof GenoconvError)) throw error
        }
      }),
      { numRuns: 400 },
    )
  })
})

describeShared("SpliceAI's published files", () => {
  it('all five are read: 16 units, a context of 10,000', () => {
    for (const k of [1, 2, 3, 4, 5]) {
      const path = sharedPath(`data/spliceai/spliceai${k}.h5`)
      const [{ architecture }] = readCheckpoints({
        name: path,
        weights: { name: path, bytes: new Uint8Array(readFileSync(path)), sha256: '0' },
      })
      expect(architecture).toMatchObject({ channelCount: 32, contextBases: 10_000, slope: 0, batchNormEpsilon: 1e-3 })
    }
  })
})
