import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GenoconvError } from '../../../src/errors.ts'
import type { PredictionBatch } from '../../../src/genome.ts'
import { memorySink } from '../../../src/io/bytes/sink.ts'
import { openGenome } from '../../../src/io/fasta/open-genome.ts'
import { writeArrow, writeBedGraph, writeParquet, writeTsv } from '../../../src/io/output/write-outputs.ts'

// What callers without types may give: an error of ours before anything is written, never a wrong file.

const writers = { writeArrow, writeBedGraph, writeParquet, writeTsv }
const good: PredictionBatch = {
  region: { contig: 'a', start: 3, end: 5 },
  bases: Uint8Array.of(65, 67),
  tracks: { donor: Float32Array.of(0.25, 0.5) },
  regionIndex: 0,
}
async function* given(...batches: unknown[]): AsyncGenerator<PredictionBatch> {
  yield* batches as PredictionBatch[]
}
const whatever = fc.oneof(fc.constantFrom(undefined, null, 0, -1, 0.5, Number.NaN, '', 'x', true), fc.anything())

describe.each(Object.entries(writers))('%s', (_, write) => {
  it('writes what is right', async () => {
    const sink = memorySink()
    await write(given(good, { ...good, region: { contig: 'a', start: 5, end: 7 } }), sink)
    expect(sink.bytes().length).toBeGreaterThan(20)
  })

  it.each<[string, unknown, unknown, unknown, RegExp]>([
    ['no predictions', undefined, memorySink(), {}, /no predictions: expected what predict gives, got undefined/],
    ['an array', [good], memorySink(), {}, /no predictions: expected what predict gives, got an Array/],
    ['no output', given(good), undefined, {}, /expected a file name or a sink, got undefined/],
    ['an empty name', given(good), '', {}, /`output`: bad value: expected text, got nothing/],
    ['half a sink', given(good), { write() {} }, {}, /expected a file name or a sink/],
    ['options as text', given(good), memorySink(), 'x', /not a set of options/],
    ['tracks as text', given(good), memorySink(), { tracks: 'donor' }, /`tracks`: bad value: expected an array/],
    ['a missing track', given(good), memorySink(), { tracks: ['x'] }, /a:3-5: track x does not fit/],
    ['a short track', given({ ...good, tracks: { donor: new Float32Array(1) } }), memorySink(), {}, /2 values, got 1/],
    ['too few bases', given({ ...good, bases: new Uint8Array(1) }), memorySink(), {}, /bases do not fit/],
    ['no region', given({ ...good, region: undefined }), memorySink(), {}, /not a region/],
    ['a batch that is none', given(5), memorySink(), {}, /not a region/],
  ])('%s', async (_, batches, output, options, message) => {
    const error = await write(batches as never, output as never, options as never).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(GenoconvError)
    expect((error as Error).message).toMatch(message)
  })

  it('anything else is refused by an error of ours, or written', async () => {
    const anyBatch = fc.record(
      { region: whatever, bases: whatever, tracks: whatever, regionIndex: whatever },
      { requiredKeys: [] },
    )
    const any = fc.tuple(
      fc.oneof(whatever, anyBatch),
      fc.oneof(whatever, fc.record({ tracks: whatever, contigs: whatever })),
    )
    await fc.assert(
      fc.asyncProperty(any, async ([batch, options]) => {
        const error = await write(given(batch), memorySink(), options as never).catch((e: unknown) => e)
        if (error !== undefined) expect(error).toBeInstanceOf(GenoconvError)
      }),
      { numRuns: 300 },
    )
  })
})

describe('openGenome', () => {
  const fasta = new Blob(['>a\nACGT\n'])
  it('refuses what is no input', async () => {
    await fc.assert(
      fc.asyncProperty(
        whatever.filter((value) => typeof value !== 'string' || value === ''),
        async (input) => {
          await expect(openGenome(input as never)).rejects.toThrow(
            /openGenome: no input: expected a path, a URL or a Blob/,
          )
        },
      ),
    )
  })

  it.each<[string, unknown, RegExp]>([
    ['options as text', 'x', /not a set of options/],
    ['maxHeldBytes as text', { maxHeldBytes: '1G' }, /`maxHeldBytes`: bad value/],
    ['maxHeldBytes NaN', { maxHeldBytes: Number.NaN }, /`maxHeldBytes`: bad value/],
    ['onWarning as text', { onWarning: 'x' }, /`onWarning`: bad value: expected a function/],
    ['a signal that is none', { signal: true }, /`signal`: bad value/],
  ])('%s', async (_, options, message) => {
    const error = await openGenome(fasta, options as never).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(GenoconvError)
    expect((error as Error).message).toMatch(message)
  })

  it('regions and chunks that cannot be', async () => {
    const genome = await openGenome(fasta)
    expect(new TextDecoder().decode(await genome.read({ contig: 'a', start: 1, end: 3 }))).toBe('CG')
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(whatever, fc.record({ contig: fc.oneof(whatever, fc.constant('a')), start: whatever, end: whatever })),
        async (region) => {
          const error = await genome.read(region as never).catch((e: unknown) => e)
          if (!(error instanceof Uint8Array)) expect(error).toBeInstanceOf(GenoconvError)
        },
      ),
    )
    for (const chunkBases of [0, -5, 1.5, Number.NaN, '10', undefined])
      expect(() => genome.chunks({ chunkBases } as never)).toThrow(/`chunkBases`: bad value/)
    expect(() => genome.chunks(undefined as never)).toThrow(GenoconvError)
  })
})
