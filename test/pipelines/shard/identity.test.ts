import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel } from '../../support/run-program.ts'
import { merged, planned, predicted, ran, type Words } from '../../support/shards.ts'

// The law of shards: plan, run in any order, merge = predict, byte for byte.
const folder = folders()
const splice = goldenModel('openspliceai-nano.safetensors')
const language = goldenModel('hyena-nano')

const fasta = (lengths: Readonly<Record<string, number>>): string =>
  Object.entries(lengths)
    .map(([name, length], i) => `>${name}\n${randomSequence(length, i + 1).replaceAll(/.{60}/g, '$&\n')}\n`)
    .join('')

/** Genes of many lengths on two contigs, overlapping, on both strands, two of one name; one too long to be packed. */
const bed = ((): string => {
  const lines: string[] = []
  for (let i = 0; i < 60; i++) {
    const start = (i * 7919) % 90_000
    lines.push(
      `${i % 3 === 0 ? 'two' : 'one'}\t${start % 29_000}\t${(start % 29_000) + 1 + ((i * 131) % 900)}\tgene${i % 59}\t0\t${i % 2 ? '-' : '+'}`,
    )
  }
  lines.splice(20, 0, 'one\t5000\t85000\tlong\t0\t-')
  return `${lines.join('\n')}\n`
})()

async function expectSame(
  words: Words,
  files: Readonly<Record<string, string>>,
  shardCount: number,
  isCut: boolean,
): Promise<void> {
  const { path } = folder(files)
  const here = { ...words, fasta: [join(path, 'a.fa')], ...(words['regions'] ? { regions: join(path, 'r.bed') } : {}) }
  const expected = await predicted(path, here)
  const { shards } = await planned(path, here, shardCount)
  expect(shards.map(({ id }) => id)).toEqual(Array.from({ length: shardCount }, (_, i) => i))
  if (isCut) expect(shards.filter(({ rows }) => rows > 0).length).toBeGreaterThan(1)
  for (const { id } of [...shards].reverse()) expect((await ran(path, id)).wasThere).toBe(false)
  const found = await merged(path)
  expect(found.length).toBe(expected.length)
  expect(found.equals(expected)).toBe(true)
}

describe('shards of regions', () => {
  const files = { 'a.fa': fasta({ one: 100_000, two: 30_000 }), 'r.bed': bed }
  for (const [name, model] of [
    ['a splice model', splice],
    ['a language model', language],
  ] as const) {
    for (const strand of [undefined, 'both'] as const) {
      it(`give the file of predict: ${name}, strand ${strand ?? 'of each'}`, () =>
        expectSame({ model, regions: true, strand }, files, 4, true))
    }
  }
  it('without context, of one track, with a chunk', () => {
    return expectSame({ model: splice, regions: true, context: 'none', tracks: 'donor', chunk: '700' }, files, 5, true)
  })
  it('of region texts, which get no column', () =>
    expectSame({ model: splice, region: ['one:100-5000', 'two', 'one'] }, files, 3, true))
  it('more shards than there is work for: some are empty', () =>
    expectSame({ model: splice, region: ['one:100-5000'] }, files, 3, false))
})

describe('shards of whole records', () => {
  it('a splice model, records cut at the ends of its own chunks', () => {
    return expectSame({ model: splice }, { 'a.fa': fasta({ short: 501, long: 400_000, none: 0, last: 1 }) }, 3, true)
  })
  it('the minus strand, pieces by chunk', () => {
    return expectSame(
      { model: splice, strand: '-', chunk: '8192' },
      { 'a.fa': fasta({ long: 200_000, short: 77 }) },
      3,
      true,
    )
  })
  it('the minus strand in its default pieces', () =>
    expectSame({ model: splice, strand: '-' }, { 'a.fa': fasta({ long: 560_000 }) }, 2, true))
  it('both strands', () =>
    expectSame({ model: splice, strand: 'both', chunk: '16384' }, { 'a.fa': fasta({ long: 150_001 }) }, 2, true))
  it('short records that are computed together stay together', async () => {
    const lengths = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`r${i}`, 1 + ((i * 2741) % 9000)]))
    const files = { 'a.fa': fasta({ ...lengths, long: 90_000, last: 300 }) }
    await expectSame({ model: splice }, files, 2, true)
  })
  it('a language model sees each record whole', async () => {
    const files = { 'a.fa': fasta({ one: 9000, two: 5000, three: 7000 }) }
    for (const strand of ['+', 'both']) await expectSame({ model: language, strand, chunk: '1000' }, files, 2, true) // though it sees back a few chunks only
    const { path } = folder(files)
    const { shards } = await planned(path, { model: language, chunk: '1000', fasta: [join(path, 'a.fa')] }, 3)
    const whole = [
      ['one', 9000],
      ['two', 5000],
      ['three', 7000],
    ].map(([contig, end]) => [{ contig, start: 0, end }])
    expect(shards.map(({ regions }) => regions)).toEqual(whole)
  })
})

describe('the merge', () => {
  it('writes the other formats of predict too', async () => {
    const { path } = folder({
      'a.fa': fasta({ one: 3000, two: 40_000 }),
      'r.bed': 'one\t10\t900\tx\ntwo\t50\t39000\ty\ntwo\t0\t50\tx\n',
    })
    const words = { model: splice, fasta: [join(path, 'a.fa')], regions: join(path, 'r.bed') }
    await planned(path, words, 2)
    for (const id of [0, 1]) await ran(path, id)
    for (const format of ['arrows', 'parquet', 'tsv', 'bedgraph']) {
      const expected = await predicted(path, words, `p.${format}`)
      expect((await merged(path, `m.${format}`)).equals(expected)).toBe(true)
    }
  })

  it('refuses shards of different devices by name: they round differently', async () => {
    const { path } = folder({ 'a.fa': fasta({ one: 6000, two: 6000 }) })
    await planned(path, { model: splice, chunk: '2048', fasta: [join(path, 'a.fa')] }, 2)
    await ran(path, 0)
    await ran(path, 1, { threads: 1 })
    await expect(merged(path)).rejects.toThrow(/2 threads.*: 0; .*1 thread,.*: 1; remove/)
  })
})
