import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DataReader } from '../../../src/io/bytes/data-reader.ts'
import { StaleIndex } from '../../../src/io/bytes/stale-index.ts'
import type { FaiEntry } from '../../../src/io/fasta/fai.ts'
import { RegionReader } from '../../../src/io/fasta/region-reader.ts'

function memory(text: string): DataReader {
  const bytes = Buffer.from(text, 'latin1')
  return { dataBytes: bytes.length, read: async (length, position) => bytes.subarray(position, position + length) }
}
const entry = (name: string, length: number, offset: number, lineBases = 4, lineBytes = 5): FaiEntry => ({
  name,
  length,
  offset,
  lineBases,
  lineBytes,
})
const readText = async (text: string, record: FaiEntry, start: number, end: number) =>
  Buffer.from(await new RegionReader(memory(text), record).read(start, end)).toString('latin1')

describe('regions by IndexedFasta', () => {
  test('names that a plain object has already', async () => {
    const names = ['constructor', '__proto__', 'toString', '0', '', 'é']
    const text = names.map(() => '>n\nACGT\nAC\n').join('')
    const entries = names.map((name, i) => entry(name, 6, 3 + 11 * i))
    for (const record of entries) expect(await readText(text, record, 2, 6)).toBe('GTAC')
  })

  test('a last line that ends in another way than the others, or not at all', async () => {
    const crlf = [entry('a', 8, 4, 4, 6), entry('b', 4, 18, 4, 6)]
    expect(await readText('>a\r\nACGT\r\nGGGG\n>b\nCCCC', crlf[0], 4, 8)).toBe('GGGG')
    expect(await readText('>a\r\nACGT\r\nGGGG\n>b\nCCCC', crlf[1], 0, 4)).toBe('CCCC')
  })

  test('every region of a small record, some at once', async () => {
    const reader = new RegionReader(memory('>a\nACGT \ngTnN \nRYK\n'), entry('a', 11, 3, 4, 6))
    const bases = 'ACGTgTnNRYK'
    const regions = [...bases].flatMap((_, start) =>
      Array.from({ length: bases.length - start + 1 }, (_, count) => ({ start, end: start + count })),
    )
    const texts = await Promise.all(regions.map(({ start, end }) => reader.read(start, end)))
    expect(texts.map((text) => Buffer.from(text).toString())).toEqual(
      regions.map(({ start, end }) => bases.slice(start, end)),
    )
  })

  test('more than a megabyte comes in pieces', async () => {
    const letters = 'ACGTTGCANN'.repeat(250_000)
    const text = `>a\n${letters.replace(/.{50}/g, '$&\n')}`
    const right = letters.slice(7, 2_345_678)
    for (const pieceBases of [undefined, 1000, 1 << 20]) {
      const reader = new RegionReader(memory(text), entry('a', letters.length, 3, 50, 51), pieceBases)
      const bases = await reader.read(7, 2_345_678)
      expect(Buffer.from(bases).toString() === right).toBe(true)
    }
  })

  const wrong: Record<string, readonly [string, FaiEntry, RegExp]> = {
    'no line end where it should be': ['>a\nACGTACGTAC\n', entry('a', 10, 3), /no line end after base 3/],
    'a letter that is no base, there': ['>a\nACGT-ACG\n', entry('a', 8, 3), /no line end after base 3/],
    'a line end among bases': ['>a\nAC\nGT\nAC\n', entry('a', 6, 3), /no base at 2/],
    'a digit among bases': ['>a\nAC1T\n', entry('a', 4, 3), /no base at 2/],
    'a header': ['>a\nACGT\n>b\nAC\n', entry('a', 10, 3), /no base at 4/],
    'bytes outside ASCII': ['>a\nAC\xa0T\n', entry('a', 4, 3), /no base at 2/],
    'the end of the file': ['>a\nACGT\nAC', entry('a', 8, 3), /has 6 bases at 0, not 8/],
    'nothing at all': ['>a\n', entry('a', 4, 3), /has 0 bases at 0, not 4/],
  }
  for (const [title, [text, record, message]] of Object.entries(wrong)) {
    test(`found in the bytes: ${title}`, async () => {
      const reading = readText(text, record, 0, record.length)
      await expect(reading).rejects.toBeInstanceOf(StaleIndex)
      await expect(reading).rejects.toThrow(message)
    })
  }

  test('an index of any numbers gives the bases that stand in its lines, or says that it does not fit', async () => {
    const text = '>a x\nACGTA\nCCGTA\nTTG\n>b\nGGGG\nCC\n'
    let foundCount = 0
    const small = fc.integer({ min: 1, max: 12 })
    await fc.assert(
      fc.asyncProperty(
        small,
        fc.integer({ min: 0, max: 30 }),
        small,
        small,
        fc.nat(12),
        fc.nat(12),
        async (...given) => {
          const [length, offset, lineBases, more, start, count] = given
          const record = entry('a', length, offset, lineBases, lineBases + more)
          const end = Math.min(length, start + count)
          if (start >= end) return
          const found = await readText(text, record, start, end).catch((error) => {
            expect(error).toBeInstanceOf(StaleIndex)
          })
          if (found === undefined) return
          foundCount++
          // What came back stands in the file, in lines of that length, with nothing but line ends between.
          const lines = found.match(new RegExp(`^.{0,${lineBases - (start % lineBases)}}|.{1,${lineBases}}`, 'g')) ?? []
          expect(text).toMatch(new RegExp(lines.filter((line) => line !== '').join(`\\s{${more}}`)))
        },
      ),
      { numRuns: 2000, seed: 7 },
    )
    expect(foundCount).toBeGreaterThan(20)
  })
})
