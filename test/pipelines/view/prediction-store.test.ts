import { mkdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FileSource } from '../../../pipelines/view/file-source.ts'
import { PredictionStore } from '../../../pipelines/view/prediction-store.ts'
import type { PredictionBatch } from '../../../src/genome.ts'
import { writeArrow, writeParquet } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { makeBatches } from '../../support/prediction-batches.ts'

const folder = temporaryFolder()

async function* stream(batches: readonly PredictionBatch[]): AsyncGenerator<PredictionBatch> {
  yield* batches
}

/** Values from -1 to 1 that depend on the position alone, so that rows of overlapping regions agree; x has gaps. */
const valueAt = (position: number): number => Math.fround(Math.sin(position * 12.9898) ** 5)
const pieces = [
  ['one', 100, 140_000],
  ['one', 139_000, 3000],
  ['two', 5, 1],
  ['two', 40, 300_000],
  ['three', 1_000_000, 50],
] as const
const batches = makeBatches(pieces).map((batch) => ({
  ...batch,
  tracks: {
    x: batch.tracks['x'].map((value, i) => (Number.isNaN(value) ? value : valueAt(batch.region.start + i))),
    y: batch.tracks['y'].map((_, i) => Math.abs(valueAt(batch.region.start + i))),
  },
}))

/** Rows whose y is what `value` says of their position. */
const withY = (pieces: Parameters<typeof makeBatches>[0], value: (position: number) => number): PredictionBatch[] =>
  makeBatches(pieces).map((batch) => ({
    ...batch,
    tracks: {
      x: new Float32Array(batch.bases.length),
      y: batch.tracks['y'].map((_, i) => value(batch.region.start + i)),
    },
  }))

async function openStore(
  format: 'arrow' | 'parquet',
  rows: readonly PredictionBatch[] = batches,
  patience?: number,
): Promise<PredictionStore> {
  const path = join(folder.path, `out.${format}`)
  await (format === 'arrow' ? writeArrow : writeParquet)(stream(rows), path)
  const store = new PredictionStore(path, patience)
  onTestFinished(() => store.close())
  return store
}

/** Least and largest value of each bin, the slow way. */
function expectedBins(contig: string, start: number, end: number, count: number, track: 'x' | 'y') {
  const least = new Array<number>(count).fill(Number.NaN)
  const largest = new Array<number>(count).fill(Number.NaN)
  for (const { region, tracks } of batches)
    for (const [i, value] of tracks[track].entries()) {
      const position = region.start + i
      if (region.contig !== contig || position < start || position >= end || Number.isNaN(value)) continue
      const bin = Math.floor(((position - start) * count) / (end - start))
      if (!(least[bin] <= value)) least[bin] = value
      if (!(largest[bin] >= value)) largest[bin] = value
    }
  return { least, largest }
}

describe.each(['arrow', 'parquet'] as const)('%s', (format) => {
  it('values where there is room for each base', async () => {
    const store = await openStore(format)
    for (const [contig, start, end] of [
      ['one', 0, 500],
      ['one', 138_990, 139_100],
      ['two', 0, 60],
      ['three', 999_990, 1_000_060],
    ] as const) {
      const bins = await store.bins({ contig, start, end }, 1000)
      for (const [k, track] of (['x', 'y'] as const).entries())
        expect(bins.lane(k)).toEqual(expectedBins(contig, start, end, end - start, track))
    }
  })

  it('bins finer than the table: their true extremes', async () => {
    const store = await openStore(format)
    const bins = await store.bins({ contig: 'one', start: 10_000, end: 40_000 }, 1000)
    for (const [k, track] of (['x', 'y'] as const).entries())
      expect(bins.lane(k)).toEqual(expectedBins('one', 10_000, 40_000, 1000, track))
  })

  it('wide bins, once all is read: no peak is lost, none is invented', async () => {
    const store = await openStore(format)
    const file = await store.file()
    await file.complete
    const [start, end, count] = [0, 320_000, 400]
    const bins = await store.bins({ contig: 'two', start, end }, count)
    const width = (end - start) / count
    for (const [k, track] of (['x', 'y'] as const).entries()) {
      const { least, largest } = bins.lane(k)
      const exact = expectedBins('two', start, end, count, track)
      for (let bin = 0; bin < count; bin++) {
        // A stretch of the table may lie across the border of two bins, and counts for both.
        const near = [bin - 1, bin, bin + 1].map((at) => exact.largest[at] ?? Number.NaN)
        if (!Number.isNaN(exact.largest[bin])) {
          expect(largest[bin]).toBeGreaterThanOrEqual(exact.largest[bin])
          expect(least[bin]).toBeLessThanOrEqual(exact.least[bin])
          expect(near).toContain(Math.max(...near.filter((value) => !Number.isNaN(value)), largest[bin]))
        }
      }
    }
    expect(width).toBeGreaterThanOrEqual(file.binBases)
  })

  it('the strongest sites, by magnitude, each once', async () => {
    const store = await openStore(format)
    const file = await store.file()
    await file.complete
    const all = new Map<string, number>()
    for (const { region, tracks } of batches)
      for (const [i, value] of tracks.y.entries()) all.set(`${region.contig}:${region.start + i}`, value)
    const best = [...all.values()].sort((a, b) => b - a).slice(0, 500)
    const found = file.sites().get('y')!
    expect(found.map(({ value }) => value)).toEqual(best)
    expect(new Set(found.map(({ contig, position }) => `${contig}:${position}`)).size).toBe(500)
    for (const { contig, position, value } of found) expect(all.get(`${contig}:${position}`)).toBe(value)
  })

  it('the largest value of a stretch, and its bases', async () => {
    const store = await openStore(format)
    const [, peak] = await store.peaks({ contig: 'two', start: 100_000, end: 150_000 })
    const { y } = batches[3].tracks
    const slice = y.subarray(100_000 - 40, 150_000 - 40)
    expect(peak).toEqual({ position: 100_000 + slice.indexOf(Math.max(...slice)), value: Math.max(...slice) })
    expect(await store.peaks({ contig: 'two', start: 10, end: 30 })).toEqual([undefined, undefined])
    expect(await store.bases({ contig: 'two', start: 3, end: 9 })).toBe('..R...')
  })

  it('a file that was changed is read anew', async () => {
    const store = await openStore(format)
    expect((await store.contigs()).map(({ name }) => name)).toEqual(['one', 'two', 'three'])
    const path = join(folder.path, `out.${format}`)
    await (format === 'arrow' ? writeArrow : writeParquet)(stream(batches.slice(0, 1)), path)
    utimesSync(path, 1, 1)
    expect(await store.contigs()).toEqual([{ name: 'one', start: 100, end: 140_100, length: 140_100 }])
  })

  it('a file that was cut: an error that names it', async () => {
    const store = await openStore(format)
    await (await store.file()).complete
    const path = join(folder.path, `out.${format}`)
    truncateSync(path, readFileSync(path).length >> 1)
    await expect(store.contigs()).rejects.toThrow(/out\.(arrow|parquet): not a complete (Arrow|Parquet) file/)
  })
})

it('a Parquet file is drawn from what its row groups say before they are read', async () => {
  const store = await openStore('parquet', makeBatches([['one', 0, 600_000]]), 0)
  const file = await store.file()
  await file.overview
  expect(file.progress).toBe(0)
  expect(file.contigs()).toEqual([{ name: 'one', start: 0, end: 600_000, length: 600_000 }])
  const early = (await store.bins({ contig: 'one', start: 0, end: 600_000 }, 100)).lane(1)
  await file.complete
  const late = (await store.bins({ contig: 'one', start: 0, end: 600_000 }, 100)).lane(1)
  for (const [bin, largest] of late.largest.entries()) expect(early.largest[bin]).toBeGreaterThanOrEqual(largest)
  expect(Math.max(...early.largest)).toBeCloseTo(Math.max(...late.largest), 12)
})

it('an Arrow file: contigs and any region before its rows were read, then the picture', async () => {
  const store = await openStore(
    'arrow',
    withY([['one', 7, 600_000]], (position) => -1 - (position % 1000)),
    0,
  )
  const file = await store.file()
  await file.overview
  expect(file.progress).toBe(0)
  expect(file.contigs()).toEqual([{ name: 'one', start: 7, end: 600_007, length: 600_007 }])
  const early = await store.bins({ contig: 'one', start: 300_001, end: 300_011 }, 100)
  expect(early.lane(1).largest).toEqual(Array.from({ length: 10 }, (_, i) => -2 - i))
  await file.complete
  const late = await store.bins({ contig: 'one', start: 7, end: 600_007 }, 10)
  expect(late.isPartial).toBe(false)
  expect(Math.max(...late.lane(1).largest)).toBe(-1)
  expect(Math.min(...late.lane(1).least)).toBe(-1000)
})

it('an Arrow file whose rows only look as if they followed one another is drawn as it is', async () => {
  // First and last row, and those between that are looked at, stand where they would; two stretches are exchanged.
  const pieces = [
    ['one', 0, 40_000],
    ['one', 41_000, 1000],
    ['one', 40_000, 1000],
    ['one', 42_000, 89_072],
  ] as const
  const store = await openStore(
    'arrow',
    withY(pieces, (position) => -1 - (position % 1000)),
  )
  await (await store.file()).complete
  const bins = await store.bins({ contig: 'one', start: 40_990, end: 41_010 }, 20)
  expect(bins.lane(1).largest).toEqual(Array.from({ length: 20 }, (_, i) => -1 - ((990 + i) % 1000)))
})

it('reads of a block at a time by several at once do not mix', async () => {
  const store = await openStore(
    'arrow',
    withY([['one', 0, 600_000]], (position) => position % 7919),
  )
  const starts = [500_000, 10, 300_000, 131_070]
  const all = await Promise.all(starts.map((start) => store.bins({ contig: 'one', start, end: start + 4 }, 4)))
  for (const [i, start] of starts.entries())
    expect(all[i].lane(1).largest).toEqual([0, 1, 2, 3].map((k) => (start + k) % 7919))
})

it('what is no file of predictions', async () => {
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder.path, name), content)
    return name
  }
  mkdirSync(join(folder.path, 'folder'))
  await writeArrow(stream(batches), join(folder.path, 'stream.arrows'), { format: 'stream' })
  await writeArrow(stream([]), join(folder.path, 'none.arrow'), { tracks: ['x'] })
  for (const [name, message] of [
    ['missing.arrow', /no such file/],
    ['folder', /is no file/],
    [write('empty.arrow', ''), /got an empty file/],
    [write('text.arrow', 'contig\tposition\n'), /no file of predictions: expected Arrow/],
    ['stream.arrows', /got an Arrow stream; write it with `format: arrow`/],
    ['none.arrow', /has no rows/],
    [write('cut.arrow', 'ARROW1\0\0abc'), /not a complete Arrow file/],
    [write('cut.parquet', 'PAR1abcdefghijkl'), /not a complete Parquet file/],
  ] as const)
    await expect(FileSource.open({ predictions: [join(folder.path, name)] }), name).rejects.toThrow(message)
})
