import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GenoconvError, RegionError } from '../../../src/errors.ts'
import { contigMap, parseRegion } from '../../../src/io/fasta/region-text.ts'

const contigs = [
  { name: 'chr20', length: 5000 },
  { name: '20:13850001-16150000', length: 100 },
  { name: '20', length: 64 },
  { name: 'HLA-A*01:01', length: 300 },
  { name: 'constructor', length: 7 },
  { name: 'empty', length: 0 },
]

describe('region text is read as samtools does', () => {
  test.each([
    ['chr20', 'chr20', 0, 5000],
    ['chr20:', 'chr20', 0, 5000],
    ['chr20:1-1', 'chr20', 0, 1],
    ['chr20:1,001-2,000', 'chr20', 1000, 2000],
    ['chr20:1000', 'chr20', 999, 5000],
    ['chr20:1000-', 'chr20', 999, 5000],
    ['chr20:-10', 'chr20', 0, 10],
    ['chr20:5000-5000', 'chr20', 4999, 5000],
    [' chr20:1-5000 ', 'chr20', 0, 5000],
    ['20:13850001-16150000', '20:13850001-16150000', 0, 100],
    ['20:13850001-16150000:11-20', '20:13850001-16150000', 10, 20],
    ['20:11-20', '20', 10, 20],
    ['HLA-A*01:01', 'HLA-A*01:01', 0, 300],
    ['HLA-A*01:01:5-6', 'HLA-A*01:01', 4, 6],
    ['{20:13850001-16150000}', '20:13850001-16150000', 0, 100],
    ['{20}:11-20', '20', 10, 20],
    ['constructor:2-3', 'constructor', 1, 3],
  ])('%s', (text, contig, start, end) => {
    expect(parseRegion(text, contigs)).toEqual({ contig, start, end })
    expect(parseRegion(text, contigMap(contigs))).toEqual({ contig, start, end })
  })
})

describe('what the contig does not have is an error with its length', () => {
  test.each([
    [
      'chr20:1-5001',
      /region chr20:1-5001: outside contig chr20 of length 5000: expected 1 <= start <= end <= 5000 .*, got 1-5001/,
    ],
    ['chr20:0-10', /outside contig chr20 of length 5000/],
    ['chr20:5001', /outside contig chr20 of length 5000: .*got 5001-5000/],
    ['chr20:20-10', /start lies after end: .*5000/],
    ['chr20:1-99999999999999999999', /outside contig chr20 of length 5000/],
    ['chr20:x', /not a range: expected start-end of 1 to 5000.*got x/],
    ['chr20:1-2-3', /not a range/],
    ['chr20:-', /not a range/],
    ['chr20:1.5-3', /not a range/],
    ['chr21', /region chr21: no such contig: expected one of 6 such as chr20, .*got chr21/],
    ['chr21:1-2', /no such contig: .*got chr21/],
    ['', /no such contig: .*got no name/],
    ['__proto__', /no such contig/],
    ['empty', /contig empty has no bases/],
    ['empty:1-1', /outside contig empty of length 0/],
  ])('%s', (text, message) => {
    expect(() => parseRegion(text, contigs)).toThrow(RegionError)
    expect(() => parseRegion(text, contigs)).toThrow(message)
  })
})

test('any text gives a region inside its contig or a RegionError', () => {
  const piece = fc.constantFrom(
    'chr20',
    '20',
    ':',
    '-',
    ',',
    '{',
    '}',
    '1',
    '99',
    '5000',
    ' ',
    'é',
    '\0',
    '20:13850001-16150000',
  )
  const texts = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const { contig, start, end } = parseRegion(text, contigs)
        const known = contigs.find(({ name }) => name === contig)
        return known !== undefined && start >= 0 && start < end && end <= known.length
      } catch (error) {
        return error instanceof GenoconvError
      }
    }),
    { numRuns: 3000 },
  )
})

test('every range that is written is read back', () => {
  const range = fc
    .tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)])
  fc.assert(
    fc.property(range, fc.boolean(), ([first, last], hasCommas) => {
      const show = (n: number): string => (hasCommas ? n.toLocaleString('en-US') : `${n}`)
      expect(parseRegion(`chr20:${show(first)}-${show(last)}`, contigs)).toEqual({
        contig: 'chr20',
        start: first - 1,
        end: last,
      })
    }),
  )
})
