import { describe, expect, it } from 'vitest'
import type { PredictionBatch } from '../../../src/genome.ts'
import { formatFloat32 } from '../../../src/io/output/format-number.ts'
import { memorySink } from '../../../src/io/bytes/sink.ts'
import type { OneFileFormat } from '../../../src/io/output/formats.ts'
import { writePredictions } from '../../../src/io/output/write-predictions.ts'
import { random } from '../../support/backends.ts'

const batch = (contig: string, start: number, x: number[], y: number[], regionIndex = 0): PredictionBatch => ({
  region: { contig, start, end: start + x.length },
  bases: new TextEncoder().encode('ACGTN'.slice(0, x.length)),
  tracks: { x: Float32Array.from(x), y: Float32Array.from(y) },
  regionIndex,
})
async function text(
  format: OneFileFormat,
  batches: PredictionBatch[],
  tracks: string[],
  regions?: string[],
): Promise<string> {
  const sink = memorySink()
  await writePredictions(
    (async function* () {
      yield* batches
    })(),
    format,
    sink,
    { tracks, regions },
  )
  return new TextDecoder().decode(sink.bytes())
}

describe('text output', () => {
  it('tsv: a header, 0-based positions, NA for no value', async () => {
    const batches = [batch('one', 7, [Number.NaN, 0.1, 1], [0, 1e-9, 2]), batch('two', 0, [3], [4], 1)]
    expect(await text('tsv', batches, ['x', 'y'])).toBe(
      'contig\tposition\tbase\tx\ty\none\t7\tA\tNA\t0\none\t8\tC\t0.1\t1e-9\none\t9\tG\t1\t2\ntwo\t0\tA\t3\t4\n',
    )
    expect(await text('tsv', batches, ['y'], ['g', 'h'])).toBe(
      'contig\tposition\tbase\tregion\ty\none\t7\tA\tg\t0\none\t8\tC\tg\t1e-9\none\t9\tG\tg\t2\ntwo\t0\tA\th\t4\n',
    )
  })

  it('bedgraph: runs of equal values across batches, nothing where there is no value, bare lines for one track', async () => {
    const batches = [
      batch('one', 7, [Number.NaN, 0.5, 0.5], [1, 1, 1]),
      batch('one', 10, [0.5, 0.25], [1, 2]),
      batch('two', 12, [0.25], [2]),
    ]
    expect(await text('bedgraph', batches, ['x'])).toBe('one\t8\t11\t0.5\none\t11\t12\t0.25\ntwo\t12\t13\t0.25\n')
    expect(await text('bedgraph', batches, ['x', 'y'])).toBe(
      'track type=bedGraph name="x"\none\t8\t11\t0.5\none\t11\t12\t0.25\ntwo\t12\t13\t0.25\n' +
        'track type=bedGraph name="y"\none\t7\t11\t1\none\t11\t12\t2\ntwo\t12\t13\t2\n',
    )
    expect(await text('bedgraph', [], ['x'])).toBe('')
  })

  it('numbers read back as the same float32', () => {
    const next = random(5)
    for (let i = 0; i < 20_000; i++) {
      const value = Math.fround(next() * 10 ** Math.floor(next() * 30))
      expect(Math.fround(Number(formatFloat32(value)))).toBe(value)
    }
    expect(formatFloat32(Math.fround(0.1))).toBe('0.1')
    expect(formatFloat32(Math.fround(1 / 3))).toBe('0.33333334')
    expect(formatFloat32(0)).toBe('0')
  })
})
