import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GenoconvError } from '../../../src/errors.ts'
import { parsePickle } from '../../../src/model/weights/pickle.ts'
import { PickleGlobal } from '../../../src/model/weights/pickle-values.ts'
import { parseWeights, readCheckpoints } from '../../../src/model/weights/read-checkpoint.ts'
import { parseSafetensors } from '../../../src/model/weights/safetensors.ts'
import { torchGlobals } from '../../../src/model/weights/torch-globals.ts'
import { golden } from '../../support/golden-weights.ts'
import { rawSafetensors, safetensorsFile } from '../../support/safetensors-file.ts'
import { zipFile } from '../../support/zip-file.ts'

const seeds = [
  'hyena-nano/model.safetensors',
  'original.pt',
  'lightning.ckpt',
  'mixed.pth',
  'openspliceai-nano.pt',
  'openspliceai-nano.safetensors',
].map(golden)

/** Runs `parse`; anything but a result or an error of ours fails the property. Says which of the two it was. */
function outcome(parse: () => unknown): 'result' | 'error' {
  try {
    parse()
    return 'result'
  } catch (error) {
    if (error instanceof GenoconvError) return 'error'
    throw error
  }
}

const readAll = (bytes: Uint8Array): void => {
  for (const tensor of parseWeights(bytes, 'x').tensors.values())
    if (tensor.read().length > 8 * bytes.length) throw new Error('more values than the file can hold')
}
const readModel = (bytes: Uint8Array): unknown =>
  readCheckpoints({ name: 'x', weights: { name: 'x', bytes, sha256: '' } })

/** A valid file with some bytes changed, a piece removed or repeated. */
const mutated = fc
  .record({
    seed: fc.constantFrom(...seeds),
    changes: fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), byte: fc.nat(255) }),
      { maxLength: 8 },
    ),
    cut: fc.option(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(64), again: fc.boolean() }),
    ),
  })
  .map(({ seed, changes, cut }) => {
    let bytes = seed.slice()
    for (const { at, byte } of changes) bytes[Math.floor(at * bytes.length)] = byte
    if (cut) {
      const start = Math.floor(cut.at * bytes.length)
      const rest = bytes.subarray(cut.again ? Math.max(0, start - cut.length) : start + cut.length)
      bytes = Uint8Array.from([...bytes.subarray(0, start), ...rest])
    }
    return bytes
  })

describe('any bytes give a result or an error of ours', () => {
  it('random bytes, bare and behind the marks of each format', () => {
    const prefixes = [[], [...Buffer.from('PK\x03\x04')], [0x80, 2], [4, 0, 0, 0, 0, 0, 0, 0, 0x7b]]
    fc.assert(
      fc.property(fc.constantFrom(...prefixes), fc.uint8Array({ maxLength: 400 }), (prefix, bytes) => {
        outcome(() => readAll(Uint8Array.from([...prefix, ...bytes])))
        outcome(() => parseSafetensors(bytes, 'x'))
      }),
      { numRuns: 2000 },
    )
  })

  it('valid files with some bytes changed', () => {
    const seen = { result: 0, error: 0 }
    fc.assert(
      fc.property(mutated, (bytes) => {
        seen[outcome(() => readAll(bytes))]++
        outcome(() => readModel(bytes))
      }),
      { numRuns: 600 },
    )
    // Both must happen, or the mutations test nothing.
    expect(seen.error).toBeGreaterThan(50)
    expect(seen.result).toBeGreaterThan(20)
  })

  it('any JSON as a safetensors header', () => {
    const size = fc.oneof(fc.integer(), fc.constantFrom(0, 1, 2, 4, 2 ** 31, 2 ** 53), fc.double())
    const entry = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'I64', 'U8'), fc.string()),
        shape: fc.oneof(fc.array(size, { maxLength: 4 }), fc.jsonValue()),
        data_offsets: fc.oneof(fc.tuple(size, size), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    const header = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue())))
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), (value, data) => {
        outcome(() => readAll(rawSafetensors(value, data)))
      }),
      { numRuns: 1000 },
    )
  })

  it('what is written is what is read', () => {
    const tensor = fc.array(fc.nat(3), { maxLength: 3 }).map((shape) => {
      const bytes = new Uint8Array(
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i - 1.5).buffer,
      )
      return { dtype: 'F32', shape, bytes }
    })
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== '__metadata__' && name !== '__proto__'),
          tensor,
        ),
        (tensors) => {
          const read = parseSafetensors(safetensorsFile(tensors), 'x').tensors
          expect(
            Object.fromEntries(
              [...read].map(([name, { shape, read: values }]) => [name, { shape, values: [...values()] }]),
            ),
          ).toEqual(
            Object.fromEntries(
              Object.entries(tensors).map(([name, { shape, bytes }]) => [
                name,
                { shape, values: [...new Float32Array(bytes.buffer)] },
              ]),
            ),
          )
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('any pickle', () => {
  const opcodes = [
    ...Buffer.from('(.01RQabcehjqrstu}])lNJKMGXUTBCd'),
    0x80,
    0x81,
    0x85,
    0x86,
    0x87,
    0x88,
    0x89,
    0x8a,
    0x8b,
    0x8c,
    0x8d,
    0x8e,
    0x8f,
    0x90,
    0x91,
    0x92,
    0x93,
    0x94,
    0x95,
    0x96,
  ]
  const pieces = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...opcodes).map((opcode) => [opcode]) },
    { weight: 2, arbitrary: fc.nat(255).map((byte) => [byte]) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(
          'ctorch._utils\n_rebuild_tensor_v2\n',
          'ccollections\nOrderedDict\n',
          'ctorch\nFloatStorage\n',
          'ctorch\nSize\n',
          '}X\x06\0\0\0lengthJ\0\0\0\x40s',
          'h\0',
          'q\0',
          'X\x07\0\0\0storage',
        )
        .map((text) => [...Buffer.from(text, 'latin1')]),
    },
  )
  it('of random opcodes ends soon, in a value or an error of ours', () => {
    const seen = { result: 0, error: 0 }
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const bytes = Uint8Array.from([...parts.flat(), 0x2e])
        const globals = torchGlobals('x', () => {
          throw new GenoconvErrorForTest()
        })
        seen[
          outcome(() => parsePickle(bytes, 'x', { findGlobal: globals, findPersistent: () => new PickleGlobal('p') }))
        ]++
        outcome(() => readAll(zipFile({ 'a/data.pkl': bytes, 'a/data/0': new Uint8Array(16) })))
      }),
      { numRuns: 3000 },
    )
    expect(seen.result).toBeGreaterThan(5)
  })

  it('of a megabyte takes neither long nor much memory', () => {
    // Nested lists, huge memos, marks upon marks, one text a million times: the shapes that make parsers quadratic.
    const fills: readonly (readonly number[])[] = [
      [0x28],
      [0x5d],
      [0x4e],
      [0x28, 0x4e],
      [0x28, 0x74],
      [0x4e, 0x32],
      [0x4e, 0x94],
      [0x5d, 0x5d, 0x61],
      [0x8c, 0],
      [0x43, 0],
      [0x4e, 0x28, 0x31],
      [0x8b, 0, 0, 0, 0],
      [0x8a, 0],
    ]
    for (const fill of fills) {
      const bytes = new Uint8Array(2 ** 20)
      for (let i = 0; i < bytes.length; i++) bytes[i] = fill[i % fill.length]
      const before = process.memoryUsage().rss
      outcome(() =>
        parsePickle(bytes, 'x', {
          findGlobal: torchGlobals('x', () => {
            throw new GenoconvErrorForTest()
          }),
          findPersistent: () => null,
        }),
      )
      expect(process.memoryUsage().rss - before, `fill ${fill}`).toBeLessThan(400 * 2 ** 20)
    }
  })
})

describe('what is nested or shared without end', () => {
  it('JSON of any depth', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    for (const header of [
      deep,
      `{"a":${deep}}`,
      `{"a":{"dtype":${deep}}}`,
      `{"a":{"dtype":"F32","shape":${deep}}}`,
      `{"__metadata__":${deep}}`,
    ]) {
      expect(outcome(() => parseSafetensors(rawSafetensors(header), 'x'))).toBe('error')
    }
  })

  // What a test may take is the check: walked each time, the lists would take minutes.
  it('a long list as arguments, many times over, is not walked each time', () => {
    const list = [...Buffer.from(']q\0('), ...new Array(500_000).fill(0x4e), ...Buffer.from('e\x85q\x010')]
    const globals = ['collections\nOrderedDict', 'torch\nSize', 'torch._utils\n_rebuild_tensor_v2', 'typing\nAny'].map(
      (name) => [...Buffer.from(`c${name}\nq\x020`)],
    )
    for (const global of globals) {
      const calls = Array.from({ length: 100_000 }, () => [...Buffer.from('h\x02h\x01R0')]).flat()
      outcome(() => readAll(zipFile({ 'a/data.pkl': Uint8Array.from([...list, ...global, ...calls, 0x4e, 0x2e]) })))
    }
  })

  it('a shape that grows after its tensor was made', () => {
    const bytes = [
      ...Buffer.from('(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000NK\x01tQq\x000'),
      ...Buffer.from(']K\x01aq\x010'),
      ...Buffer.from('}X\x01\0\0\0w'),
      ...Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n(h\0K\0h\x01h\x01tRsh\x01K\x09a0.'),
    ]
    const { tensors } = parseWeights(
      zipFile({ 'a/data.pkl': Uint8Array.from([0x80, 2, ...bytes]), 'a/data/0': new Uint8Array(4) }),
      'x',
    )
    expect(tensors.get('w')!.shape).toEqual([1])
    expect([...tensors.get('w')!.read()]).toEqual([0])
  })

  it('arguments that hold themselves', () => {
    // The list [rebuild, None, <the list>] as arguments of rebuild.
    const text = 'ctorch._tensor\n_rebuild_from_type_v2\nq\0]q\x01(h\0Nh\x01eR.'
    expect(outcome(() => readAll(zipFile({ 'a/data.pkl': Uint8Array.from(Buffer.from(text, 'latin1')) })))).toBe(
      'error',
    )
  })

  it('a list that holds itself twice, forty times over, as key, root, shape or storage', () => {
    const laughs = [...Buffer.from(']'), ...Array.from({ length: 40 }, () => [0x32, 0x86]).flat()]
    const tail = (text: string): number[] => [...Buffer.from(text, 'latin1')]
    const pickles = [
      [...laughs, 0x2e],
      [...tail('}'), ...laughs, ...tail('Ns.')],
      [...laughs, ...tail('Q.')],
      [...tail('ctorch._utils\n_rebuild_tensor_v2\n(NK\0'), ...laughs, ...tail(')tR.')],
      [...tail('(X\x07\0\0\0storagectorch\nFloatStorage\n'), ...laughs, ...tail('NK\x01tQ.')],
    ]
    for (const bytes of pickles)
      expect(
        outcome(() => readAll(zipFile({ 'a/data.pkl': Uint8Array.from(bytes), 'a/data/0': new Uint8Array(4) }))),
      ).toBe('error')
  })
})

class GenoconvErrorForTest extends GenoconvError {
  readonly tag = 'format'
  constructor() {
    super({ where: 'x', what: 'no tensors here' })
  }
}
