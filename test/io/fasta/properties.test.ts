import { deflateRawSync } from 'node:zlib'
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FormatError, GenoconvError } from '../../../src/errors.ts'
import { buildIndex, writeIndex } from '../../../src/io/fasta/write-index.ts'
import { parseFai } from '../../../src/io/fasta/fai.ts'
import { parseGzi } from '../../../src/io/bytes/gzi.ts'
import { bgzfBlock, bgzip, readText, recordsOf, temporaryFolder, withGenome } from '../../support/fasta-files.ts'
import { StaleIndex } from '../../../src/io/bytes/stale-index.ts'

const folder = temporaryFolder()

/** Runs `action`; anything but a tagged error is a bug. */
async function outcome<T>(action: () => Promise<T>): Promise<T | GenoconvError> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof GenoconvError) return error
    throw error
  }
}

const line = fc.constantFrom(
  'ACGT',
  'acgtn',
  'A',
  '',
  'NNNNNNNN',
  ' AC',
  'AC ',
  'A C',
  '>a',
  '>b x',
  '>',
  '> c',
  '>constructor',
  'J',
  '\0',
  '>\xff',
  'é',
)
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r', '')
const fastaText = fc
  .array(fc.tuple(line, lineEnd), { maxLength: 14 })
  .map((lines) => Buffer.from(lines.flat().join('')))
const sequenceLine = fc.tuple(
  fc.constantFrom('ACGT', 'acgtn', 'A', '', 'NNNNNNNN', ' AC', 'AC ', 'A C', 'RYKMSWBDHVU'),
  fc.constantFrom('\n', '\n', '\r\n'),
)
const records = fc.array(fc.tuple(fc.constantFrom('', ' x', '\tx>y', '\r'), fc.array(sequenceLine, { maxLength: 5 })), {
  minLength: 1,
  maxLength: 4,
})
const validText = records.map((list) =>
  Buffer.from(list.map(([tail, lines], i) => `>r${i}${tail}\n${lines.flat().join('')}`).join('')),
)
const fastaBytes = fc.oneof(validText, fastaText, fc.uint8Array({ maxLength: 60 }))

/** A second, plain reading of what this project takes for FASTA. */
function naiveRecords(text: string): [string, string][] {
  const parts = text.split(/(?:^|\n)>/)
  return parts.slice(1).map((part) => {
    const newline = part.indexOf('\n')
    const header = newline < 0 ? part : part.slice(0, newline)
    return [
      /^[ \t\v\f\r]*([^ \t\v\f\r]*)/.exec(header)?.[1] ?? '',
      newline < 0 ? '' : part.slice(newline).replace(/\s/g, ''),
    ]
  })
}

test('FASTA: any bytes give the records a naive reading gives, by record and by region, or a tagged error', async () => {
  let readCount = 0
  await fc.assert(
    fc.asyncProperty(
      fastaBytes,
      fc.constantFrom('plain', 'bgzf'),
      fc.integer({ min: 1, max: 9 }),
      async (bytes, packing, size) => {
        const path = folder.write('any.fa', packing === 'plain' ? bytes : bgzip(bytes, size))
        const records = await outcome(() => withGenome(path, (genome) => recordsOf(genome, size)))
        const contigs = await outcome(() => withGenome(path, (genome) => genome.contigs()))
        if (records instanceof GenoconvError) return void expect(contigs).toBeInstanceOf(FormatError)
        expect(records).toEqual(naiveRecords(Buffer.from(bytes).toString('utf8')))
        expect(contigs).toEqual(records.map(([name, bases]) => ({ name, length: bases.length })))
        await withGenome(path, async (genome) => {
          for (const [name, bases] of records) {
            expect(await readText(genome, name, 0, bases.length)).toBe(bases)
            const middle = bases.length >> 1
            expect(await readText(genome, name, middle, bases.length)).toBe(bases.slice(middle))
            readCount++
          }
        })
      },
    ),
    { numRuns: 1000 },
  )
  expect(readCount).toBeGreaterThan(300)
})

test('BGZF: any change of one byte, any cut, gives the right records or a tagged error', async () => {
  const fasta = `>a\n${'ACGTTGCA\n'.repeat(60)}>b\nNNRY\n`
  const file = bgzip(fasta, 100)
  const right = [
    ['a', 'ACGTTGCA'.repeat(60)],
    ['b', 'NNRY'],
  ]
  const path = folder.write('cut.fa.gz', file)
  await writeIndex(path)
  const change = fc.oneof(
    fc
      .tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, flip]) => file.map((byte, i) => (i === at ? byte ^ flip : byte))),
    fc.nat(file.length - 1).map((length) => file.slice(0, length)),
  )
  let failed = 0
  await fc.assert(
    fc.asyncProperty(change, async (changed) => {
      writeFileSync(path, changed)
      const records = await outcome(() => withGenome(path, (genome) => recordsOf(genome)))
      const region = await outcome(() => withGenome(path, (genome) => readText(genome, 'a', 100, 400)))
      if (records instanceof GenoconvError) failed++
      else expect(right.flat().join()).toContain(records.flat().join()) // a cut at a block border leaves the first records
      if (!(region instanceof GenoconvError)) expect(region).toBe(right[0][1].slice(100, 400))
    }),
    { numRuns: 800 },
  )
  expect(failed).toBeGreaterThan(200)
})

test('a stretch of bombs is refused before it is unpacked', async () => {
  const deflated = deflateRawSync(new Uint8Array(60_000_000)) // about 58 kB, which a block may hold
  const block = Buffer.concat([bgzfBlock(new Uint8Array(0)).subarray(0, 18), deflated, Buffer.alloc(8)])
  block.writeUInt16LE(block.length - 1, 16)
  for (const dataBytes of [60_000_000, 65_536, 0]) {
    block.writeUInt32LE(dataBytes, block.length - 4)
    const path = folder.write('bomb.fa.gz', Buffer.concat(Array.from({ length: 50 }, () => block)))
    const before = process.memoryUsage().rss
    await expect(withGenome(path, (genome) => recordsOf(genome))).rejects.toThrow(
      /compressed offset 0: corrupt BGZF block/,
    )
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6)
  }
})

test('.fai and .gzi: any bytes beside a file leave its bases right', async () => {
  const fasta = '>a\nACGT\nAC\n>b\nTTTTT\nGG\n'
  for (const [name, content] of [
    ['index.fa', Buffer.from(fasta)],
    ['index.fa.gz', bgzip(fasta, 6)],
  ] as const) {
    const path = folder.write(name, content)
    const { fai, gzi } = await buildIndex(path)
    const good = { '.fai': Buffer.from(fai), '.gzi': Buffer.from(gzi ?? []) }
    const suffixes = gzi ? (['.fai', '.gzi'] as const) : (['.fai'] as const)
    for (const suffix of suffixes) {
      const any = fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc
          .tuple(fc.nat(good[suffix].length - 1), fc.nat(255))
          .map(([at, value]) => good[suffix].map((byte, i) => (i === at ? value : byte))),
        fc
          .array(
            fc.constantFrom('a', 'b', '\t', '\n', '1', '2', '4', '5', '6', '7', '0', '-1', '1e3', '9999999999999999'),
            { maxLength: 30 },
          )
          .map((words) => new TextEncoder().encode(words.join(''))),
      )
      await fc.assert(
        fc.asyncProperty(any, async (bytes) => {
          for (const other of suffixes) writeFileSync(path + other, other === suffix ? bytes : good[other])
          await withGenome(path, async (genome) => {
            expect(await genome.contigs()).toEqual([
              { name: 'a', length: 6 },
              { name: 'b', length: 7 },
            ])
            expect([await readText(genome, 'a', 1, 6), await readText(genome, 'b', 3, 7)]).toEqual(['CGTAC', 'TTGG'])
          })
        }),
        { numRuns: 300 },
      )
    }
  }
})

test('the index parsers give a table or say that it is stale, in memory of their input', () => {
  for (const parse of [parseFai, parseGzi]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parse(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(StaleIndex)
        }
      }),
      { numRuns: 2000 },
    )
  }
})
