import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError, type GenoconvError, RegionError, ShapeError } from '../src/errors.ts'
import {
  expectChoice,
  expectFloat32,
  expectFunction,
  expectMade,
  expectNumber,
  expectOptions,
  expectRegion,
  expectSignal,
  expectText,
  expectTexts,
  expectWhole,
} from '../src/validate.ts'

// Values as callers without types give them.
const anything = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true })

/** Whether `check` takes the value as it is; anything but an error of ours from it fails the test. */
function takes(
  check: (value: never) => unknown,
  value: unknown,
  kind: typeof GenoconvError = ConfigError as never,
): boolean {
  try {
    expect(check(value as never)).toBe(value)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(kind)
    return false
  }
}

describe('what is let through is exactly what is promised', () => {
  const property = (check: (value: never) => unknown, isRight: (value: unknown) => boolean) =>
    fc.assert(
      fc.property(anything, (value) => void expect(takes(check, value)).toBe(value === undefined || isRight(value))),
    )
  it('whole numbers', () => {
    property(
      (value: number) => expectWhole('chunk', value, { least: 1 }),
      (v) => Number.isSafeInteger(v) && Number(v) >= 1,
    )
    for (const value of [0, -5, 1000.5, Number.NaN, Number.POSITIVE_INFINITY, '7', null, 2 ** 53])
      expect(takes((v: number) => expectWhole('chunk', v, { least: 1 }), value)).toBe(false)
  })
  it('numbers', () => {
    property(
      (value: number) => expectNumber('x', value, { least: 0, most: 0.95 }),
      (v) => typeof v === 'number' && v >= 0 && v <= 0.95,
    )
    expect(takes((v: number) => expectNumber('x', v, { least: 0, most: 1 }), Number.NaN)).toBe(false)
    expect(expectNumber('x', Number.POSITIVE_INFINITY, { least: 0, most: Number.POSITIVE_INFINITY })).toBe(
      Number.POSITIVE_INFINITY,
    )
  })
  it('choices, texts, functions, signals', () => {
    property(
      (value: string) => expectChoice('strand', value, ['+', '-']),
      (v) => v === '+' || v === '-',
    )
    property(
      (value: string[]) => expectTexts('tracks', value),
      (v) => Array.isArray(v) && v.every((item) => typeof item === 'string'),
    )
    property(
      (value: () => void) => expectFunction('onProgress', value),
      (v) => typeof v === 'function',
    )
    fc.assert(
      fc.property(
        anything,
        (v) => void expect(takes(expectText.bind(null, 'x'), v)).toBe(typeof v === 'string' && v !== ''),
      ),
    )
    expect(takes(expectSignal, new AbortController().signal)).toBe(true)
    expect(takes(expectSignal, { aborted: false })).toBe(false)
    expect(takes((v: object) => expectOptions('f', v), [])).toBe(false)
    expect(() => expectMade<{ run(): void }>('predict', undefined as never, 'run', 'a model of loadModel')).toThrow(
      'predict: missing or not usable: expected a model of loadModel, got undefined',
    )
  })
  it('arrays of numbers', () => {
    expect(() => expectFloat32('longConv', 'input', [1, 2] as never)).toThrow(ShapeError)
    expect(() => expectFloat32('longConv', 'skip', new Float32Array(3), 4)).toThrow(
      'longConv: skip does not fit: expected 4 values, got 3',
    )
    fc.assert(
      fc.property(
        anything,
        (value) =>
          void expect(
            takes((v: Float32Array) => expectFloat32('longConv', 'input', v), value, ShapeError as never),
          ).toBe(value instanceof Float32Array),
      ),
    )
  })
})

describe('regions', () => {
  const check = (value: unknown): boolean => takes(expectRegion, value, RegionError as never)
  it('real ones pass', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(),
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.constantFrom('+', '-', undefined),
        (contig, start, length, strand) =>
          void expect(check({ contig, start, end: start + length, strand })).toBe(true),
      ),
    )
  })
  it.each([
    undefined,
    null,
    'chr1:1-5',
    [],
    {},
    { contig: 5, start: 0, end: 1 },
    { contig: 'a', start: '0', end: 10 },
    { contig: 'a', start: 0, end: '10' },
    { contig: 'a', start: 0.5, end: 10 },
    { contig: 'a', start: -1, end: 10 },
    { contig: 'a', start: 5, end: 5 },
    { contig: 'a', start: 0, end: Number.NaN },
    { contig: 'a', start: 0, end: Number.POSITIVE_INFINITY },
    { contig: 'a', start: 0, end: 5, strand: '.' },
    { contig: 'a', start: 0, end: 5, strand: 'plus' },
    { contig: 'a', start: 0, end: 5, name: 7 },
  ])('%j is refused', (value) => expect(check(value)).toBe(false))
  it('nothing makes it fail in another way', () => {
    fc.assert(fc.property(anything, (value) => void check(value)))
    fc.assert(
      fc.property(
        fc.record({ contig: anything, start: anything, end: anything, strand: anything }),
        (value) => void check(value),
      ),
    )
  })
})
