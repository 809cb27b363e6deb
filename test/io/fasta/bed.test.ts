import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FormatError, GenoconvError, RegionError } from '../../../src/errors.ts'
import { type BedRegion, parseBed, readBed } from '../../../src/io/fasta/bed.ts'
import { bgzip, temporaryFolder } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const contigs = [
  { name: 'chr1', length: 1000 },
  { name: 'constructor', length: 50 },
]

async function parse(text: string | Uint8Array | AsyncIterable<Uint8Array>, known = contigs): Promise<BedRegion[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const regions: BedRegion[] = []
  for await (const region of parseBed(bytes, 'x.bed', known)) regions.push(region)
  return regions
}

describe('lines that are read', () => {
  test.each([
    ['three columns', 'chr1\t0\t10\n', [{ contig: 'chr1', start: 0, end: 10, line: 1 }]],
    [
      'name and strand',
      'chr1\t5\t10\tgene A\t0\t-\n',
      [{ contig: 'chr1', start: 5, end: 10, name: 'gene A', strand: '-', line: 1 }],
    ],
    [
      'twelve columns',
      'chr1\t5\t10\tg\t960\t+\t5\t10\t0,0,0\t1\t5\t0\n',
      [{ contig: 'chr1', start: 5, end: 10, name: 'g', strand: '+', line: 1 }],
    ],
    ['dots for nothing', 'chr1\t5\t10\t.\t.\t.\n', [{ contig: 'chr1', start: 5, end: 10, line: 1 }]],
    [
      'blanks between columns',
      'chr1 5  10 g 0 -\n',
      [{ contig: 'chr1', start: 5, end: 10, name: 'g', strand: '-', line: 1 }],
    ],
    [
      'CRLF, no final newline',
      'chr1\t0\t1\r\nchr1\t1\t2',
      [
        { contig: 'chr1', start: 0, end: 1, line: 1 },
        { contig: 'chr1', start: 1, end: 2, line: 2 },
      ],
    ],
    [
      'comments, track, browser and blank lines',
      '# note\nbrowser position chr1:1-10\ntrack name="x y" description=z\n\n \nchr1\t999\t1000\n#end\n',
      [{ contig: 'chr1', start: 999, end: 1000, line: 6 }],
    ],
    ['a tab at the end', 'chr1\t0\t1\t\n', [{ contig: 'chr1', start: 0, end: 1, line: 1 }]],
    [
      'a contig that is named as an object is',
      'constructor\t0\t50\n',
      [{ contig: 'constructor', start: 0, end: 50, line: 1 }],
    ],
    [
      'overlapping regions, in their order',
      'chr1\t5\t9\nchr1\t0\t9\nchr1\t5\t9\n',
      [5, 0, 5].map((start, i) => ({ contig: 'chr1', start, end: 9, line: i + 1 })),
    ],
  ])('%s', async (_, text, regions) => {
    expect(await parse(text)).toEqual(regions)
  })

  test('a contig may be called track', async () => {
    expect(await parse('track\t0\t5\n', [{ name: 'track', length: 9 }])).toEqual([
      { contig: 'track', start: 0, end: 5, line: 1 },
    ])
  })
})

describe('lines that are refused, by their number', () => {
  test.each([
    [
      'two columns',
      'chr1\t0\t1\nchr1\t5\n',
      FormatError,
      /x\.bed line 2: malformed BED line: expected 3 to 12 columns, got 2/,
    ],
    ['thirteen columns', `chr1\t0\t1${'\tx'.repeat(10)}\n`, FormatError, /line 1: .*3 to 12 columns, got 13/],
    [
      'a start that is no number',
      'chr1\t1e3\t2000\n',
      FormatError,
      /line 1: .*expected a whole number as start, got 1e3/,
    ],
    ['a negative start', 'chr1\t-1\t20\n', FormatError, /line 1: .*expected a whole number as start, got -1/],
    ['a fraction', 'chr1\t0\t1.5\n', FormatError, /expected a whole number as end, got 1.5/],
    ['a header line', '#ok\nchrom\tstart\tend\n', FormatError, /line 2: .*got start/],
    ['a strand', 'chr1\t0\t5\tg\t0\tx\n', FormatError, /line 1: .*expected \+, - or \. in column 6, got x/],
    ['no contig', '\t0\t5\n', FormatError, /line 1: .*expected a contig in column 1/],
    [
      'start = end',
      '\nchr1\t5\t5\n',
      RegionError,
      /x\.bed line 2: empty region: expected start < end \(contig chr1 has length 1000\), got 5-5/,
    ],
    ['start > end', 'chr1\t6\t5\n', RegionError, /line 1: empty region: .*1000.*got 6-5/],
    [
      'end outside',
      'chr1\t0\t10\nchr1\t990\t1001\n',
      RegionError,
      /line 2: outside contig chr1 of length 1000: expected end <= 1000, got 990-1001/,
    ],
    [
      'an unknown contig',
      'chr2\t0\t10\n',
      RegionError,
      /line 1: no such contig: expected one of chr1, constructor, got chr2/,
    ],
    ['__proto__', '__proto__\t0\t10\n', RegionError, /no such contig/],
  ])('%s', async (_, text, type, message) => {
    const error = await parse(text).catch((reason) => reason)
    expect(error).toBeInstanceOf(type)
    expect(error.message).toMatch(message)
  })

  test('a line without end', async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(1 << 16).fill(65)
    }
    await expect(parse(endless())).rejects.toThrow(/x\.bed line 1: malformed BED line: expected at most \d+ characters/)
  })
})

test('files: plain, gzip and BGZF; one without regions is an error', async () => {
  const text = 'chr1\t0\t10\tg\t0\t-\n'.repeat(3)
  for (const content of [text, gzipSync(text), bgzip(text, 5)]) {
    expect(await readBed(folder.write('x.bed', content), contigs)).toHaveLength(3)
  }
  expect(await readBed(folder.write('x.bed', 'other\t0\t10\n'))).toEqual([
    { contig: 'other', start: 0, end: 10, line: 1 },
  ])
  await expect(readBed(folder.write('x.bed', '# nothing\n'))).rejects.toThrow(/x\.bed: no regions/)
  await expect(readBed(`${folder.path}/none.bed`)).rejects.toThrow(/none\.bed: no such file/)
})

test('200,000 lines, cut at any place', async () => {
  const text = Array.from(
    { length: 200_000 },
    (_, i) => `chr1\t${i % 900}\t${(i % 900) + 50}\tgene${i}\t0\t${i % 2 ? '+' : '-'}\n`,
  ).join('')
  const bytes = new TextEncoder().encode(text)
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 65_537) yield bytes.subarray(at, at + 65_537)
  }
  const regions = await parse(pieces())
  expect(regions).toHaveLength(200_000)
  expect(regions[123_456]).toEqual({
    contig: 'chr1',
    start: 123_456 % 900,
    end: (123_456 % 900) + 50,
    name: 'gene123456',
    strand: '-',
    line: 123_457,
  })
})

test('any bytes, in any pieces, give regions inside their contigs or a tagged error, the same whatever the pieces', async () => {
  const word = fc.constantFrom(
    'chr1',
    'chr2',
    '\t',
    ' ',
    '\n',
    '\r\n',
    '0',
    '10',
    '999',
    '1001',
    'track',
    '#',
    '+',
    '-',
    '.',
    'x',
    '\0',
    'é',
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.array(word, { maxLength: 60 }).map((words) => new TextEncoder().encode(words.join(''))),
  )
  const outcome = async (input: Uint8Array | AsyncIterable<Uint8Array>): Promise<unknown> =>
    parse(input).catch((error) => {
      if (!(error instanceof GenoconvError)) throw error
      return error.message
    })
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 9 }), async (input, pieceBytes) => {
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < input.length; at += pieceBytes) yield input.slice(at, at + pieceBytes)
      }
      const whole = await outcome(input)
      expect(await outcome(pieces())).toEqual(whole)
      if (!Array.isArray(whole)) return
      for (const { contig, start, end } of whole as BedRegion[]) {
        expect(start >= 0 && start < end && end <= (contigs.find(({ name }) => name === contig)?.length ?? -1)).toBe(
          true,
        )
      }
    }),
    { numRuns: 2000 },
  )
})
