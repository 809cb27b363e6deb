import { describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/errors.ts'
import { parsePickle } from '../../../src/model/weights/pickle.ts'
import { PickleGlobal, PickleObject } from '../../../src/model/weights/pickle-values.ts'

const pair = new PickleGlobal('m.pair', (args) => args)
const inert = new PickleGlobal('m.Inert')
const world = {
  findGlobal(name: string): PickleGlobal {
    if (name === 'm.pair') return pair
    if (name === 'm.Inert') return inert
    throw new FormatError({ where: 'x', what: `refused ${name}` })
  },
  findPersistent: (id: unknown): unknown => ({ persistent: id }),
}
/** A pickle from opcode bytes and texts. */
const pickle = (...parts: (number | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)])))
const parse = (...parts: (number | string)[]): unknown => parsePickle(pickle(...parts), 'x', world)
const stop = 0x2e

describe('pickle values, as Python writes them', () => {
  it.each([
    ['None', ['N'], null],
    ['True', [0x88], true],
    ['an int of one byte', ['K', 200], 200],
    ['an int of two bytes', ['M', 1, 2], 513],
    ['a negative int', ['J', 0xfe, 0xff, 0xff, 0xff], -2],
    ['a long', [0x8a, 5, 0, 0, 0, 0, 1], 2 ** 32],
    ['a negative long', [0x8a, 1, 0xff], -1],
    ['zero as a long of no bytes', [0x8a, 0], 0],
    ['a long beyond exact numbers', [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], 2n ** 64n],
    ['a float', ['G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    ['text', ['X', 3, 0, 0, 0, 'a\u00e9'], 'a\u00e9'],
    ['bytes', ['C', 2, 7, 8], new Uint8Array([7, 8])],
    ['a tuple of three', ['K', 1, 'K', 2, 'K', 3, 0x87], [1, 2, 3]],
    ['a tuple from a mark', ['(', 'K', 1, 'K', 2, 't'], [1, 2]],
    ['a list', [']', '(', 'K', 1, 'K', 2, 'e', 'K', 3, 'a'], [1, 2, 3]],
    [
      'a dictionary',
      ['}', 'K', 1, 'K', 2, 's', '(', 'K', 3, 'K', 4, 'u'],
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    ['a set', [0x8f, '(', 'K', 1, 0x90], [1]],
    ['a memo', [']', 'q', 5, 'h', 5, 0x86], [[], []]],
    ['memoize', [']', 0x94, 'h', 0, 0x86], [[], []]],
    ['a persistent id', ['K', 9, 'Q'], { persistent: 9 }],
    ['a call of an allowed global', ['cm\npair\n', 'K', 1, 0x85, 'R'], [1]],
    ['a call through the stack', [0x8c, 1, 'm', 0x8c, 4, 'pair', 0x93, 'K', 1, 0x85, 0x81], [1]],
    ['protocol and frame', [0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 'N'], null],
  ] as const)('%s', (_, parts, expected) => {
    expect(parse(...parts, stop)).toEqual(expected)
  })

  it('an inert object keeps its arguments, items and state as data', () => {
    const value = parse('cm\nInert\n', ')', 0x81, '(', 'K', 1, 'K', 2, 'u', '}', 'b', stop) as PickleObject
    expect(value).toBeInstanceOf(PickleObject)
    expect(value.global.name).toBe('m.Inert')
    expect(value.args).toEqual([])
    expect(value.state).toEqual([new Map([[1, 2]]), new Map()])
  })
})

describe('pickles that are refused', () => {
  it.each([
    ['a global outside the list', ['cos\nsystem\n', stop], /refused os\.system/],
    ['one named through the stack', [0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, stop], /refused os\.system/],
    ['a call of data', ['K', 1, ')', 'R', stop], /x offset 3: .*calls something that is not a global/],
    ['arguments that are no tuple', ['cm\npair\n', 'K', 1, 'R', stop], /calls m\.pair without arguments/],
    ['text opcodes', ['I1\n', stop], /offset 0: .*opcode 0x49/],
    ['the extension registry', [0x82, 1, stop], /opcode 0x82/],
    ['an instance with its class in the stream', ['(ios\nsystem\n', stop], /opcode 0x69/],
    ['a stack without a value', [stop], /nothing to take from the stack/],
    ['a tuple across a mark', ['K', 1, '(', 0x85, stop], /nothing to take from the stack/],
    ['no mark', ['K', 1, 't', stop], /no mark/],
    ['values left over', ['K', 1, 'K', 2, stop], /values left on the stack/],
    ['a memo that is not there', ['h', 3, stop], /no memo 3/],
    ['items for a list', [']', 'K', 1, 'K', 2, 's', stop], /not a dictionary/],
    ['an odd number of items', ['}', '(', 'K', 1, 'u', stop], /not a dictionary/],
    ['a list that is not one', ['}', 'K', 1, 'a', stop], /not a list/],
    ['no end', ['N'], /x offset 1: truncated pickle/],
    [
      'text beyond the end',
      ['X', 255, 255, 255, 255, 'a', stop],
      /truncated pickle: expected 4294967295 more bytes, got 2/,
    ],
    ['a line without end', ['cos', stop], /truncated pickle/],
    ['a protocol to come', [0x80, 6, stop], /protocol beyond 5/],
    // The three that hang or exhaust a general pickle library (see pickle.ts).
    ['bytes of negative length', [0x42, 0xfb, 0xff, 0xff, 0xff, stop], /truncated pickle/],
    ['an integer of a million bytes', [0x8b, 0x40, 0x42, 0x0f, 0, stop], /integer too long/],
  ] as const)('%s', (_, parts, message) => {
    expect(() => parse(...parts)).toThrow(FormatError)
    expect(() => parse(...parts)).toThrow(message)
  })

  it('state set on a tuple does not lengthen it', () => {
    expect(parse('cm\npair\n', ')', '}', 'X', 6, 0, 0, 0, 'length', 'J', 0, 0, 0, 64, 's', 'b', 'R', stop)).toEqual([])
  })

  it('more objects than any checkpoint has', () => {
    const bytes = new Uint8Array(600_001).fill(0x5d)
    bytes[600_000] = stop
    expect(() => parsePickle(bytes, 'x', world)).toThrow(/more than 500000 objects/)
  })
})
