import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PredictionBatch } from '../../../src/genome.ts'
import { openAtomicOutput, openPartial } from '../../../src/io/bytes/atomic-output.ts'
import { lockOutput } from '../../../src/io/bytes/output-lock.ts'
import { findOutput } from '../../../src/io/bytes/output-place.ts'
import type { ByteSink } from '../../../src/io/bytes/sink.ts'
import { readDoneOutput } from '../../../src/io/output/resume-output.ts'
import type { ResumableFormat } from '../../../src/io/output/formats.ts'
import { writePredictions } from '../../../src/io/output/write-predictions.ts'
import type { OutputLayout } from '../../../src/io/output/output-layout.ts'
import { random } from '../../support/backends.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const rowCount = 2 * 131_072 + 4567 // two full record batches and a short one
const contigs = ['a', 'b', 'c']

/** Rows [from, rowCount) of three contigs of 100,000 bases and odd pieces; some values are missing. */
async function* batches(from = 0): AsyncGenerator<PredictionBatch> {
  for (let row = from; row < rowCount; ) {
    const contig = Math.min(contigs.length - 1, Math.floor(row / 100_000))
    const end = contig === contigs.length - 1 ? rowCount : (contig + 1) * 100_000
    const count = Math.min(7919, end - row)
    const first = row - contig * 100_000
    const value = (t: number): number => ((row + t) % 1013 === 0 ? Number.NaN : Math.fround(Math.sin(row + t)))
    yield {
      region: { contig: contigs[contig], start: first, end: first + count },
      bases: Uint8Array.from({ length: count }, (_, t) => 'ACGT'.charCodeAt((row + t) % 4)),
      tracks: { donor: Float32Array.from({ length: count }, (_, t) => value(t)) },
      regionIndex: contig,
    }
    row += count
  }
}

/** The partial file of `path`, to be continued after `keptBytes`. */
async function openAfter(path: string, keptBytes: number | undefined): Promise<ByteSink> {
  const place = await findOutput(path)
  return openPartial(place, await lockOutput(place), { keptBytes })
}

const contigsBefore = (rows: number): string[] => contigs.filter((_, i) => i * 100_000 < rows)

describe.each<[ResumableFormat, string, Partial<OutputLayout>]>([
  ['arrow', 'contigs known', { contigs, regions: ['w', 'x', 'y'] }],
  ['arrow', 'contigs of a stream', {}],
  ['arrows', 'contigs known', { contigs }],
  ['arrows', 'contigs of a stream', { regions: ['w', 'x', 'y'] }],
  ['tsv', 'contigs known', { contigs }],
])('%s, %s', (format, _, more) => {
  const layout: OutputLayout = { tracks: ['donor'], metadata: () => new Map([['genoconv.version', 'test']]), ...more }
  let whole: Promise<Buffer> | undefined
  const write = async (name: string): Promise<Buffer> => {
    const path = join(folder.path, name)
    await writePredictions(batches(), format, await openAtomicOutput(path), layout)
    return readFileSync(path)
  }

  it('continues from any byte at which the file was cut, to the same bytes', async () => {
    whole ??= write(`whole.${format}`)
    const bytes = await whole
    const next = random(7)
    const cuts = Array.from({ length: 8 }, () => Math.floor(((next() + 1) / 2) * bytes.length))
    const resumed: number[] = []
    for (const cut of [0, 7, 8, 300, bytes.length - 1, bytes.length, ...cuts]) {
      const path = join(folder.path, `cut.${format}`)
      writeFileSync(`${path}.partial`, bytes.subarray(0, cut))
      const done = await readDoneOutput(path, format)
      const rows = done?.rows ?? 0
      resumed.push(rows)
      const contigsDone = () => contigsBefore(rows)
      const sink = await openAfter(path, done?.bytes)
      await writePredictions(batches(rows), format, sink, layout, done && { ...done, contigs: contigsDone })
      expect(readFileSync(path).equals(bytes)).toBe(true)
    }
    expect(resumed[0]).toBe(0)
    expect(resumed[5]).toBe(rowCount)
    expect(new Set(resumed).size).toBeGreaterThan(2)
  })

  it('refuses a file that begins otherwise', async () => {
    whole ??= write(`whole.${format}`)
    const path = join(folder.path, `other.${format}`)
    writeFileSync(`${path}.partial`, await whole)
    const done = (await readDoneOutput(path, format))!
    const other = { ...layout, tracks: ['acceptor'] }
    const rows = async function* () {}
    await expect(writePredictions(rows(), format, await openAfter(path, done.bytes), other, done)).rejects.toThrow(
      /does not begin/,
    )
  })
})

it('what was torn, or is something else, is no row', async () => {
  for (const [format, content] of [
    ['arrow', ''],
    ['arrow', 'ARROW1\0\0'],
    ['arrow', 'hello, this is no Arrow file at all'],
    ['arrows', '\xff\xff\xff\xff\x10\0\0\0'],
    ['tsv', 'contig\tposition\nchr1\t'],
  ] as const) {
    writeFileSync(join(folder.path, 'torn.partial'), content, 'latin1')
    expect(await readDoneOutput(join(folder.path, 'torn'), format)).toBeUndefined()
  }
  expect(await readDoneOutput(join(folder.path, 'nothing'), 'arrow')).toBeUndefined()
})
