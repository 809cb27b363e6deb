import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BigWig } from '@gmod/bbi'
import { describe, expect, it } from 'vitest'
import { ConfigError, memorySink, RegionError, writeBigWig, type WriteOptions } from '../../../src/index.ts'
import type { PredictionBatch } from '../../../src/genome.ts'
import { trackFileName } from '../../../src/io/output/write-bigwig.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { makeBatches } from '../../support/prediction-batches.ts'
import { pythonWith } from '../../support/python.ts'

const folder = temporaryFolder()

async function* given(batches: readonly PredictionBatch[]): AsyncGenerator<PredictionBatch> {
  yield* batches
}

/** The files of tracks, in memory. */
async function encode(
  batches: readonly PredictionBatch[],
  options: WriteOptions = {},
): Promise<Map<string, Uint8Array>> {
  const sinks = new Map<string, ReturnType<typeof memorySink>>()
  const open = (track: string) => {
    const sink = memorySink()
    sinks.set(track, sink)
    return sink
  }
  await writeBigWig(given(batches), open, { tracks: ['x', 'y'], temporaryFolder: folder.path, ...options })
  return new Map([...sinks].map(([track, sink]) => [track, sink.bytes()]))
}

let count = 0
async function written(
  batches: readonly PredictionBatch[],
  options: WriteOptions = {},
): Promise<(track: string) => string> {
  const name = join(folder.path, `file ${count++}.bw`)
  for (const [track, bytes] of await encode(batches, options)) writeFileSync(trackFileName(name, track), bytes)
  return (track) => trackFileName(name, track)
}

interface Feature {
  readonly start: number
  readonly end: number
  readonly score: number
  readonly maxScore?: number
  readonly minScore?: number
}

/** Each position's value as the reader gives them, of a contig. */
async function valuesOf(path: string, contig: string, length: number): Promise<Map<number, number>> {
  const features: Feature[] = await new BigWig({ path }).getFeatures(contig, 0, length, { scale: 1 })
  const found = new Map<number, number>()
  for (const { start, end, score } of features)
    for (let position = start; position < end; position++) {
      expect(found.has(position)).toBe(false)
      found.set(position, score)
    }
  return found
}

function expected(batches: readonly PredictionBatch[], track: string, contig: string): Map<number, number> {
  const found = new Map<number, number>()
  for (const { region, tracks } of batches)
    if (region.contig === contig)
      for (const [i, value] of tracks[track].entries()) if (!Number.isNaN(value)) found.set(region.start + i, value)
  return new Map([...found].sort(([a], [b]) => a - b))
}

const hostile = [
  'chr 1',
  '<img src=x onerror=alert(1)>',
  'é\u{1F9EC}',
  '../../etc',
  'n'.repeat(300),
  'a\'b"c',
  'a',
  'ab',
]

/** Values without order, so that no two are alike and a summary that takes a wrong one is seen. */
const scattered = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((Math.imul(i + seed, 2654435761) >>> 0) / 2 ** 32 - 0.5) * 3)

function withValues(pieces: Parameters<typeof makeBatches>[0]): PredictionBatch[] {
  return makeBatches(pieces).map((batch, seed) => ({
    ...batch,
    tracks: { ...batch.tracks, y: scattered(batch.bases.length, seed) },
  }))
}

/** Out of order, gaps, one contig twice, borders of sections and of bins within regions, neighbours. */
const several = withValues([
  ['two', 4000, 9000],
  ['two', 13_000, 1],
  ['one', 100_000, 33],
  ['one', 0, 10],
  ['two', 5, 90],
  ['one', 10, 8182],
])

describe('bigWig', () => {
  it('every value reads back, and none that is missing', async () => {
    const pathOf = await written(several)
    for (const track of ['x', 'y'])
      for (const contig of ['one', 'two'])
        expect(await valuesOf(pathOf(track), contig, 200_000), `${track} ${contig}`).toEqual(
          expected(several, track, contig),
        )
  })

  it('contigs of any name, more than a node of the tree holds', async () => {
    const names = [...hostile, ...Array.from({ length: 600 }, (_, i) => `scaffold_${i}`)]
    const batches = withValues(names.map((name, i) => [name, i, 5]))
    const path = (await written(batches))('y')
    const { refsByName } = await new BigWig({ path }).getHeader()
    expect(Object.keys(refsByName)).toHaveLength(names.length)
    for (const name of [...hostile, 'scaffold_0', 'scaffold_599'])
      expect(await valuesOf(path, name, 1000)).toEqual(expected(batches, 'y', name))
  })

  it('contigs that are known beforehand are listed with their lengths', async () => {
    const lengths = new Map([
      ['two', 20_000],
      ['one', 300_000],
      ['none', 7],
    ])
    const path = (await written(several, { contigs: [...lengths.keys()], contigLengths: () => lengths }))('y')
    const { refsByNumber } = await new BigWig({ path }).getHeader()
    expect(Object.values(refsByNumber).map(({ name, length }) => [name, length])).toEqual([
      ['none', 7],
      ['one', 300_000],
      ['two', 20_000],
    ])
    expect(await valuesOf(path, 'two', 20_000)).toEqual(expected(several, 'y', 'two'))
  })

  it('zoom levels hold the true count, minimum, maximum and sums, in any order of the regions', async () => {
    const batches = withValues([
      ['one', 150_000, 90_000],
      ['one', 3, 149_990],
    ])
    const path = (await written(batches))('x')
    const file = new BigWig({ path })
    const { zoomLevels, totalSummary } = await file.getHeader()
    expect(zoomLevels.map(({ reductionLevel }) => reductionLevel)).toEqual([
      64, 256, 1024, 4096, 16_384, 65_536, 262_144,
    ])
    const all = expected(batches, 'x', 'one')
    for (const { reductionLevel } of zoomLevels) {
      const bins = new Map<number, number[]>()
      for (const [position, value] of all) {
        const bin = Math.floor(position / reductionLevel)
        const values = bins.get(bin) ?? []
        values.push(value)
        bins.set(bin, values)
      }
      const features: Feature[] = await file.getFeatures('one', 0, 300_000, { basesPerSpan: reductionLevel / 2 })
      expect(features.length).toBe(bins.size)
      for (const { start, maxScore, minScore, score } of features) {
        const values = bins.get(Math.floor(start / reductionLevel))!
        expect(maxScore).toBe(values.reduce((a, b) => Math.max(a, b)))
        expect(minScore).toBe(values.reduce((a, b) => Math.min(a, b)))
        const mean = values.reduce((a, b) => a + b) / values.length
        expect(Math.abs(score - mean)).toBeLessThan(1e-6 * Math.abs(mean) + 1e-6)
      }
    }
    expect(totalSummary.basesCovered).toBe(all.size)
    expect(totalSummary.scoreMax).toBe(Math.max(...[...all.values()].slice(-7)))
  })

  it('bits of values, infinities and denormals among them', async () => {
    const length = 10_000
    const values = new Float32Array(length)
    const bits = new Uint32Array(values.buffer)
    for (let i = 0; i < length; i++) bits[i] = Math.imul(i, 2654435761) >>> 0
    const batches = makeBatches([['one', 7, length]]).map((batch) => ({ ...batch, tracks: { x: values } }))
    const path = (await written(batches, { tracks: ['x'] }))('x')
    expect(await valuesOf(path, 'one', 20_000)).toEqual(expected(batches, 'x', 'one'))
  })

  it('more than waits in memory', async () => {
    const length = 2_500_000
    const batches = withValues([
      ['one', length, length],
      ['one', 0, length],
    ])
    const path = (await written(batches, { tracks: ['y'] }))('y')
    const file = new BigWig({ path })
    for (const start of [0, 1_250_000, length - 500, 2 * length - 1000]) {
      const found: Feature[] = await file.getFeatures('one', start, start + 1000, { scale: 1 })
      const features = found.filter((one) => one.start >= start && one.end <= start + 1000) // it gives neighbours too
      expect(features).toHaveLength(1000)
      for (const { start: at, score } of features)
        expect(score).toBe(batches[at < length ? 1 : 0].tracks['y'][at % length])
    }
  }, 60_000)

  it('no rows, and no values', async () => {
    for (const batches of [[], makeBatches([['one', 3, 1]])]) {
      const path = (await written(batches))('x')
      const { totalSummary } = await new BigWig({ path }).getHeader()
      expect(totalSummary.basesCovered).toBe(0)
      expect(await valuesOf(path, 'one', 10)).toEqual(new Map())
    }
  })

  it.each([
    [
      'one in another',
      [
        ['one', 10, 50],
        ['one', 20, 5],
      ],
      /the regions one:10-60 and one:20-25 overlap/,
    ],
    [
      'the later one first',
      [
        ['one', 10, 50],
        ['one', 5, 6],
      ],
      /the regions one:5-11 and one:10-60 overlap/,
    ],
    [
      'the same twice',
      [
        ['one', 10, 50],
        ['two', 0, 5],
        ['one', 10, 50],
      ],
      /one:10-60 and one:10-60 overlap/,
    ],
  ] as const)('regions that overlap are refused: %s', async (_, pieces, message) => {
    const error = await encode(makeBatches(pieces)).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(RegionError)
    expect((error as Error).message).toMatch(message)
    const named = encode(makeBatches(pieces), { regions: ['first <b>', 'second', 'third'] })
    await expect(named).rejects.toThrow(/first <b>/)
  })

  it('files: both or none', async () => {
    const inside = (): string[] => readdirSync(folder.path).filter((name) => name.startsWith('pair'))
    const broken = async function* (): AsyncGenerator<PredictionBatch> {
      yield* several.slice(0, 2)
      expect(inside().filter((name) => name.endsWith('.partial'))).toEqual(['pair.x.bw.partial', 'pair.y.bw.partial'])
      throw new Error('broken off')
    }
    const name = join(folder.path, 'pair.bw')
    await expect(writeBigWig(broken(), name)).rejects.toThrow('broken off')
    expect(inside()).toEqual([])
    await expect(
      writeBigWig(
        given(
          makeBatches([
            ['a', 0, 9],
            ['a', 3, 9],
          ]),
        ),
        name,
      ),
    ).rejects.toThrow(RegionError)
    expect(inside()).toEqual([])
    await writeBigWig(given(several), name)
    expect(inside()).toEqual(['pair.x.bw', 'pair.y.bw'])
  })

  it('names of files', () => {
    expect(trackFileName('a.b/out.bw', 'donor_plus')).toBe('a.b/out.donor_plus.bw')
    expect(trackFileName('out.BigWig', 'donor')).toBe('out.donor.BigWig')
    expect(trackFileName('out', 'donor')).toBe('out.donor.bw')
    for (const track of ['../donor', 'a\\b', '\0']) expect(() => trackFileName('out.bw', track)).toThrow(ConfigError)
  })

  it('what is no output is refused', async () => {
    for (const output of [undefined, memorySink(), 5])
      await expect(writeBigWig(given(several), output as never)).rejects.toThrow(/expected a file name, or what gives/)
    expect(existsSync('undefined.x.bw')).toBe(false)
  })
})

const python = pythonWith('pyBigWig, numpy')

describe.skipIf(!python)(`pyBigWig${python ? '' : ' (there is none: skipped)'}`, () => {
  const ask = (path: string, code: string): unknown =>
    JSON.parse(
      execFileSync(python!, ['-c', `import pyBigWig, json, sys\nf = pyBigWig.open(sys.argv[1])\n${code}`, path], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      }),
    )

  it('reads every value', async () => {
    const pathOf = await written(several)
    for (const track of ['x', 'y'])
      for (const contig of ['one', 'two']) {
        const code = `print(json.dumps([(i, v) for a, b, v in f.intervals("${contig}") for i in range(a, b)]))`
        expect(new Map(ask(pathOf(track), code) as [number, number][])).toEqual(expected(several, track, contig))
      }
  })

  it('names, lengths and the header', async () => {
    const batches = withValues(hostile.map((name, i) => [name, i, 5]))
    const path = (await written(batches))('y')
    expect(ask(path, 'print(json.dumps(f.chroms()))')).toEqual(
      Object.fromEntries(hostile.map((name, i) => [name, i + 5])),
    )
    expect(ask(path, 'print(json.dumps(f.isBigWig() and f.header()["nBasesCovered"]))')).toBe(5 * hostile.length)
  })

  it('its maxima of bins, from zoom levels and from values, are true maxima', async () => {
    const length = 1 << 20
    const batches = withValues([
      ['one', length / 2, length / 2],
      ['one', 0, length / 2],
    ])
    const values = batches.toSorted((a, b) => a.region.start - b.region.start).flatMap(({ tracks }) => [...tracks['y']])
    const path = (await written(batches))('y')
    for (const bins of [1, 4, 64, 1024]) {
      const maxima = Array.from({ length: bins }, (_, i) => {
        const part = values.slice((i * length) / bins, ((i + 1) * length) / bins)
        return part.reduce((a, b) => Math.max(a, b))
      })
      for (const exact of ['True', 'False'])
        expect(ask(path, `print(json.dumps(f.stats("one", type="max", nBins=${bins}, exact=${exact})))`)).toEqual(
          maxima,
        )
    }
  })
})
