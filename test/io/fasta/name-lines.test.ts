import fc from 'fast-check'
import { expect, it } from 'vitest'
import { NameLines } from '../../../src/io/fasta/name-lines.ts'

it('says what a Map says', () => {
  const names = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 5 }), fc.nat(3000).map(String)), {
    maxLength: 3000,
    size: 'max',
  })
  fc.assert(
    fc.property(names, (given) => {
      const found = new NameLines()
      const expected = new Map<string, number>()
      for (const [i, name] of given.entries()) {
        expect(found.add(name, 2 * i + 1)).toBe(expected.get(name))
        if (!expected.has(name)) expected.set(name, 2 * i + 1)
      }
    }),
    { numRuns: 30 },
  )
})

it('names of any length, lines beyond 32 bits', () => {
  const found = new NameLines()
  const long = 'é'.repeat(60_000)
  const line = 2 ** 40
  expect(found.add(long, line)).toBeUndefined()
  expect(found.add('', 3)).toBeUndefined()
  expect(found.add(`${long.slice(1)}e`, 4)).toBeUndefined()
  expect(found.add(long, 5)).toBe(line)
  expect(found.add('', 6)).toBe(3)
})
