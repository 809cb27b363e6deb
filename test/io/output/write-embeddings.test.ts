import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FixedSizeList, tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import type { EmbeddingBatch } from '../../../src/genome.ts'
import { openAtomicOutput, openPartial } from '../../../src/io/bytes/atomic-output.ts'
import { lockOutput } from '../../../src/io/bytes/output-lock.ts'
import { findOutput } from '../../../src/io/bytes/output-place.ts'
import { memorySink } from '../../../src/io/bytes/sink.ts'
import { readDoneOutput } from '../../../src/io/output/resume-output.ts'
import { encodeEmbeddings, writeEmbeddings } from '../../../src/io/output/write-embeddings.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const channelCount = 3
const valueAt = (row: number, c: number): number => Math.fround(Math.sin(7 * row + c))

/** Rows of long regions: a record batch has three of them. */
async function* regionRows(from = 0, count = 10): AsyncGenerator<EmbeddingBatch> {
  for (let row = from; row < count; row++) {
    yield {
      region: {
        contig: row < 4 ? 'a' : 'b',
        start: row * 1000,
        end: row * 1000 + 400_000,
        ...(row === 2 && { name: 'x' }),
      },
      embedding: Float32Array.from({ length: channelCount }, (_, c) => valueAt(row, c)),
      channelCount,
      regionIndex: row,
    }
  }
}

const baseCount = 800_000
/** Rows of one contig's bases, in pieces of odd sizes. */
async function* baseRows(from = 0): AsyncGenerator<EmbeddingBatch> {
  for (let start = from; start < baseCount; start += 7919) {
    const length = Math.min(7919, baseCount - start)
    yield {
      region: { contig: 'a', start, end: start + length },
      embedding: Float32Array.from({ length: length * channelCount }, (_, i) => Math.fround(start * channelCount + i)),
      channelCount,
      bases: new Uint8Array(length).fill('G'.charCodeAt(0)),
      regionIndex: 0,
    }
  }
}

const bytesOf = async (batches: AsyncIterable<EmbeddingBatch>, format: 'arrow' | 'arrows' | 'parquet') => {
  const sink = memorySink()
  await writeEmbeddings(batches, sink, { format })
  return sink.bytes()
}

it.each(['arrow', 'arrows'] as const)('%s: one row per region, values one after the other', async (format) => {
  const table = tableFromIPC(await bytesOf(regionRows(), format))
  expect(table.schema.fields.map(({ name, nullable }) => [name, nullable])).toEqual(
    ['contig', 'start', 'end', 'region', 'embedding'].map((name) => [name, false]),
  )
  const { type } = table.schema.fields[4]
  expect(String(type)).toBe('FixedSizeList[3]<Float32>')
  expect((type as FixedSizeList).listSize).toBe(channelCount)
  expect(table.toArray().map(({ contig, start, end, region }) => [contig, start, end, region])).toEqual(
    Array.from({ length: 10 }, (_, row) => {
      const [contig, start] = [row < 4 ? 'a' : 'b', row * 1000]
      return [contig, start, start + 400_000, row === 2 ? 'x' : `${contig}:${start}-${start + 400_000}`]
    }),
  )
  const values = table.batches.flatMap((batch) => {
    const { values: padded } = batch.getChild('embedding')!.data[0].children[0]
    return Array.from((padded as Float32Array).subarray(0, batch.numRows * channelCount))
  })
  expect(values).toEqual(Array.from({ length: 30 }, (_, i) => valueAt(Math.floor(i / 3), i % 3)))
})

it('parquet: lists, and the Arrow type for those who read it', async () => {
  const file = (await bytesOf(regionRows(), 'parquet')).slice().buffer
  const rows = await parquetReadObjects({ file })
  expect(rows.map(({ embedding }) => embedding)).toEqual(
    Array.from({ length: 10 }, (_, row) => [0, 1, 2].map((c) => valueAt(row, c))),
  )
  expect(rows[5]).toMatchObject({ contig: 'b', start: 5000, end: 405_000, region: 'b:5000-405000' })
})

it('one row per base: the columns of predictions, in record batches that the pieces do not decide', async () => {
  const table = tableFromIPC(await bytesOf(baseRows(), 'arrow'))
  expect(table.schema.fields.map(({ name }) => name)).toEqual(['contig', 'position', 'base', 'embedding'])
  expect(table.numRows).toBe(baseCount)
  expect(table.batches.slice(0, -1).map(({ numRows }) => numRows)).toEqual([349_525, 349_525])
  const [, second] = table.batches
  expect(second.getChild('position')!.data[0].values[0]).toBe(349_525)
  expect(second.getChild('embedding')!.data[0].children[0].values[0]).toBe(Math.fround(349_525 * channelCount))
})

describe.each([
  ['arrow', 'regions', regionRows],
  ['arrows', 'regions', regionRows],
  ['arrow', 'bases', baseRows],
] as const)('%s of %s', (format, rowsOf, rows) => {
  it('continues after any cut, to the same bytes', async () => {
    const layout = { channelCount, contigs: ['a', 'b'], metadata: () => new Map([['genoconv.version', 'test']]) }
    const path = join(folder.path, `${rowsOf}.${format}`)
    await encodeEmbeddings(rows(), { format, rowsOf }, await openAtomicOutput(path), layout)
    const bytes = readFileSync(path)
    const found = new Set<number>()
    for (const part of [0, 0.3, 0.5, 0.8, 1]) {
      const cut = join(folder.path, `cut-${rowsOf}.${format}`)
      writeFileSync(`${cut}.partial`, bytes.subarray(0, Math.floor(part * bytes.length)))
      const done = await readDoneOutput(cut, format)
      found.add(done?.rows ?? 0)
      const place = await findOutput(cut)
      const sink = await openPartial(place, await lockOutput(place), { keptBytes: done?.bytes })
      await encodeEmbeddings(rows(done?.rows ?? 0), { format, rowsOf }, sink, layout, done)
      expect(readFileSync(cut).equals(bytes)).toBe(true)
    }
    expect(found.size).toBeGreaterThan(2)
  })
})

it('refuses a format without lists', async () => {
  const write = writeEmbeddings(regionRows(), memorySink(), { format: 'tsv' as never })
  await expect(write).rejects.toThrow(/`format`: has no lists: expected arrow, arrows, parquet, got tsv/)
})
