import { describe, expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import { ConfigError, FormatError, RegionError } from '../../../src/errors.ts'
import type { Genome, PredictionBatch } from '../../../src/genome.ts'
import { reverseComplement } from '../../../src/io/fasta/alphabet.ts'
import { fakeModel, fakeValues } from '../../support/fake-model.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'

const records = { one: randomSequence(201, 1), two: randomSequence(1, 2), three: randomSequence(64, 3) }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

async function collect(
  genome: Genome | Genome[],
  kind: 'windows' | 'causal',
  options: PredictOptions = {},
): Promise<PredictionBatch[]> {
  const out: PredictionBatch[] = []
  for await (const batch of predict(fakeModel(kind, { defaultChunk: 50 }), genome, {
    temporaryFolder: '/tmp',
    ...options,
  })) {
    for (const track of Object.values(batch.tracks)) expect(track.length).toBe(batch.region.end - batch.region.start)
    expect(batch.bases.length).toBe(batch.region.end - batch.region.start)
    out.push(batch)
  }
  return out
}

/** Rows of region `index`, checked to be contiguous and ascending from `start`. */
function rows(batches: PredictionBatch[], track: string, index: number, start: number): number[] {
  const out: number[] = []
  for (const batch of batches.filter((b) => b.regionIndex === index)) {
    expect(batch.region.start).toBe(start + out.length)
    out.push(...batch.tracks[track])
  }
  return out
}
const bases = (batches: PredictionBatch[], index: number): string =>
  batches
    .filter((b) => b.regionIndex === index)
    .map((b) => new TextDecoder().decode(b.bases))
    .join('')
const upper = (text: string): string => text.toUpperCase().replaceAll('U', 'T')

/** What the minus strand must give: the reverse complement run by hand, turned around. */
const minus = (kind: 'windows' | 'causal', text: string, track: string): number[] =>
  [...fakeValues(kind, reverseComplement(encode(text)))[track]].reverse()

for (const kind of ['windows', 'causal'] as const) {
  const track = kind === 'windows' ? 'donor' : 'log_likelihood'
  describe(`predict with a ${kind} model`, () => {
    for (const chunk of [1, 7, 50, 64, 1000]) {
      for (const isRandomAccess of [true, false]) {
        it(`gives every record, chunk ${chunk}, ${isRandomAccess ? 'random access' : 'a stream'}`, async () => {
          const batches = await collect(memoryGenome(records, { isRandomAccess }), kind, { chunk })
          for (const [index, text] of Object.values(records).entries()) {
            expect(rows(batches, track, index, 0)).toEqual([...fakeValues(kind, encode(text))[track]])
            expect(bases(batches, index)).toBe(upper(text))
          }
        })
        for (const memory of [1 << 30, 4096]) {
          it(`minus strand = reverse complement by hand, chunk ${chunk}, ${isRandomAccess ? 'random access' : 'a stream'}, memory ${memory}`, async () => {
            const batches = await collect(memoryGenome(records, { isRandomAccess }), kind, {
              chunk,
              strand: '-',
              memory,
            })
            for (const [index, text] of Object.values(records).entries()) {
              expect(rows(batches, track, index, 0)).toEqual(minus(kind, text, track))
              expect(bases(batches, index)).toBe(upper(text))
            }
          })
        }
      }
    }

    it('both strands stand side by side with suffixes', async () => {
      for (const chunk of [3, 100]) {
        const batches = await collect(memoryGenome(records), kind, { chunk, strand: 'both', memory: 4096 })
        expect(Object.keys(batches[0].tracks)).toContain(`${track}_minus`)
        expect(rows(batches, `${track}_plus`, 0, 0)).toEqual([...fakeValues(kind, encode(records.one))[track]])
        expect(rows(batches, `${track}_minus`, 0, 0)).toEqual(minus(kind, records.one, track))
        expect(bases(batches, 0)).toBe(upper(records.one))
      }
    })

    for (const strand of ['+', '-', 'both'] as const) {
      it(`a region with full context is a slice of the whole contig, strand ${strand}`, async () => {
        const suffixes = strand === 'both' ? ['_plus', '_minus'] : ['']
        const whole = await collect(memoryGenome(records), kind, { strand })
        const ranges = [
          [0, 201],
          [0, 1],
          [200, 201],
          [17, 120],
          [100, 101],
          [17, 120],
        ] as const
        const regions = ranges.map(([start, end]) => ({ contig: 'one', start, end }))
        const part = await collect(memoryGenome(records), kind, { strand, regions, context: 'full', chunk: 13 })
        for (const [index, { start, end }] of regions.entries()) {
          for (const suffix of suffixes) {
            expect(rows(part, track + suffix, index, start)).toEqual(
              rows(whole, track + suffix, 0, 0).slice(start, end),
            )
          }
          expect(bases(part, index)).toBe(upper(records.one.slice(start, end)))
        }
      })

      it(`without context a region is a sequence of its own, strand ${strand}`, async () => {
        const regions = [{ contig: 'one', start: 20, end: 90 }]
        const part = await collect(memoryGenome(records), kind, { strand, regions, context: 'none', chunk: 8 })
        const text = records.one.slice(20, 90)
        if (strand !== '-')
          expect(rows(part, strand === 'both' ? `${track}_plus` : track, 0, 20)).toEqual([
            ...fakeValues(kind, encode(text))[track],
          ])
        if (strand !== '+')
          expect(rows(part, strand === 'both' ? `${track}_minus` : track, 0, 20)).toEqual(minus(kind, text, track))
      })
    }

    it('a number of bases of context, cut at the ends of the contig', async () => {
      const regions = [{ contig: 'one', start: 2, end: 90 }]
      const [start, end] = [0, 95]
      const part = await collect(memoryGenome(records), kind, { regions, context: 5 })
      expect(rows(part, track, 0, 2)).toEqual(
        [...fakeValues(kind, encode(records.one.slice(start, end)))[track]].slice(2, 90),
      )
    })
  })
}

describe('predict', () => {
  it("takes a region's own strand unless one is asked for", async () => {
    const regions = [{ contig: 'one', start: 5, end: 50, strand: '-' as const, name: 'gene' }]
    const own = await collect(memoryGenome(records), 'windows', { regions, context: 'none' })
    expect(rows(own, 'acceptor', 0, 5)).toEqual(minus('windows', records.one.slice(5, 50), 'acceptor'))
    expect(own[0].region.name).toBe('gene')
    const asked = await collect(memoryGenome(records), 'windows', { regions, context: 'none', strand: '+' })
    expect(rows(asked, 'acceptor', 0, 5)).toEqual([
      ...fakeValues('windows', encode(records.one.slice(5, 50)))['acceptor'],
    ])
  })

  it('names what is wrong with a region, a track, an input', async () => {
    const at = (start: number, end: number, contig = 'one') =>
      collect(memoryGenome(records), 'windows', { regions: [{ contig, start, end }] })
    await expect(at(0, 202)).rejects.toThrow(RegionError)
    await expect(at(0, 202)).rejects.toThrow(/201/)
    await expect(at(5, 5)).rejects.toThrow(RegionError)
    await expect(at(0, 1, 'nine')).rejects.toThrow(/nine.*one, two, three/)
    await expect(collect(memoryGenome(records), 'windows', { tracks: ['p_a'] })).rejects.toThrow(ConfigError)
    await expect(collect(memoryGenome(records), 'windows', { tracks: ['p_a'] })).rejects.toThrow(
      /acceptor, donor, neither/,
    )
    const stream = memoryGenome(records, { isRandomAccess: false, name: '-' })
    await expect(collect(stream, 'windows', { regions: [{ contig: 'one', start: 0, end: 1 }] })).rejects.toThrow(
      /standard input/,
    )
    await expect(
      collect([memoryGenome(records), memoryGenome({ two: 'ACGT' }, { name: 'b.fa' })], 'windows'),
    ).rejects.toThrow(FormatError)
    await expect(
      collect([memoryGenome(records), memoryGenome({ two: 'ACGT' }, { name: 'b.fa' })], 'windows'),
    ).rejects.toThrow(/b.fa.*two.*memory.fa/)
  })

  it('gives no rows for a record without bases and continues', async () => {
    for (const isRandomAccess of [true, false]) {
      for (const strand of ['+', '-'] as const) {
        const batches = await collect(memoryGenome({ a: '', b: 'ACGT' }, { isRandomAccess }), 'windows', { strand })
        expect(batches.map((b) => b.region.contig)).toEqual(['b'])
      }
    }
  })

  it('passes an abort through unwrapped and computes no further chunk', async () => {
    const abort = new AbortController()
    const reason = new Error('stop')
    const chunks: number[] = []
    const model = fakeModel('windows', { onChunk: (start) => chunks.push(start) })
    const run = async () => {
      for await (const _ of predict(model, memoryGenome(records), { chunk: 20, signal: abort.signal }))
        abort.abort(reason)
    }
    await expect(run()).rejects.toBe(reason)
    expect(chunks.length).toBeLessThan(3)
  })

  it('reports progress up to the total', async () => {
    const seen: number[] = []
    let total: number | undefined
    await collect(memoryGenome(records), 'windows', {
      strand: 'both',
      chunk: 50,
      onProgress: (p) => {
        seen.push(p.basesDone)
        total = p.basesTotal
      },
    })
    expect(total).toBe(2 * (201 + 1 + 64))
    expect(seen.at(-1)).toBe(total)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })
})
