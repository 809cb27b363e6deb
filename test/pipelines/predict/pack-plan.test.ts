import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomAccessContig } from '../../../pipelines/predict/contig-source.ts'
import { inGroups, type Job, packsPerGroupOf } from '../../../pipelines/predict/jobs.ts'
import { basesSeen, isShort, planPacks } from '../../../pipelines/predict/pack-plan.ts'
import { runsOf, type StrandedStretch } from '../../../pipelines/predict/stretch.ts'
import { memoryGenome } from '../../support/memory-genome.ts'

const contigBases = 2000
const genome = memoryGenome({ a: 'A'.repeat(contigBases), b: 'C'.repeat(contigBases) })
const contigs = { a: randomAccessContig(genome, 'a', contigBases), b: randomAccessContig(genome, 'b', contigBases) }

const stretches = (context: number) =>
  fc.array(
    fc
      .record({
        contig: fc.constantFrom('a' as const, 'b' as const),
        start: fc.nat(contigBases - 60),
        length: fc.integer({ min: 1, max: 60 }),
        direction: fc.constantFrom('+' as const, '-' as const, 'both' as const),
      })
      .map(({ contig, start, length, direction }): StrandedStretch => {
        const end = start + length
        return {
          contig: contigs[contig],
          start,
          end,
          before: Math.min(context, start),
          after: Math.min(context, contigBases - end),
          direction,
        }
      }),
    { minLength: 1, maxLength: 60 },
  )

describe('planPacks', () => {
  it('gives each strand of each stretch one piece that holds it and its context', () => {
    fc.assert(
      fc.property(
        fc.nat(40).chain((context) => fc.tuple(stretches(context), fc.boolean(), fc.integer({ min: 150, max: 3000 }))),
        ([list, isContextFull, packBases]) => {
          const pieces = planPacks(list, { isContextFull, packBases, padding: 0 }).flat()
          for (const [i, stretch] of list.entries()) {
            for (const { strand } of runsOf(stretch.direction)) {
              const mine = pieces.filter((piece) => piece.strand === strand && piece.stretches.includes(i))
              expect(mine).toHaveLength(1)
              const [{ contig, start, end, before, after }] = mine as [(typeof mine)[0]]
              expect(contig).toBe(stretch.contig)
              expect(start <= stretch.start && stretch.end <= end).toBe(true)
              expect(
                start - before <= stretch.start - stretch.before && stretch.end + stretch.after <= end + after,
              ).toBe(true)
              expect(start - before >= 0 && end + after <= contigBases).toBe(true)
            }
          }
          if (!isContextFull) expect(pieces.every((piece) => piece.stretches.length === 1)).toBe(true)
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  })

  it('keeps to the bases of a pack, in ascending places, and computes nothing twice that one pack could hold', () => {
    fc.assert(
      fc.property(stretches(20), fc.integer({ min: 150, max: 3000 }), (list, packBases) => {
        const packs = planPacks(list, { isContextFull: true, packBases, padding: 0 })
        const bases = (piece: (typeof packs)[0][0]): number => piece.end - piece.start + piece.before + piece.after
        for (const pack of packs)
          expect(pack.reduce((sum, piece) => sum + bases(piece), 0)).toBeLessThanOrEqual(packBases)
        const place = ({ contig, start }: (typeof packs)[0][0]): string =>
          `${contig.name}${String(start).padStart(8, '0')}`
        const places = packs.flat().map(place)
        expect(places).toEqual([...places].sort())
        for (const strand of ['+', '-'] as const) {
          const pieces = packs.flat().filter((piece) => piece.strand === strand)
          for (const [k, next] of pieces.entries()) {
            const piece = pieces[k - 1]
            if (!piece || piece.contig !== next.contig || next.start - next.before > piece.end) continue
            expect(Math.max(piece.end, next.end) - piece.start + piece.before + 20).toBeGreaterThan(packBases - 80) // it was full
          }
        }
      }),
      { seed: 2, numRuns: 300 },
    )
  })
})

describe('inGroups', () => {
  const jobsOf = async function* (lengths: readonly number[]): AsyncGenerator<Job> {
    for (const [regionIndex, length] of lengths.entries()) {
      const region = { contig: 'a', start: 0, end: length }
      yield {
        stretch: { contig: contigs.a, start: 0, end: length, before: 0, after: 0, direction: '+' },
        region,
        regionIndex,
      }
    }
  }
  const groupsOf = async (lengths: readonly number[], packBases: number): Promise<number[][]> => {
    const out: number[][] = []
    for await (const jobs of inGroups(jobsOf(lengths), { packBases, packsPerGroup: 4, padding: 0 }))
      out.push(jobs.map(({ regionIndex }) => regionIndex))
    return out
  }

  it('takes short neighbours together, a few packs of them, and long ones alone', async () => {
    expect(
      await groupsOf([10, 20, 26, 5, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25], 100),
    ).toEqual([
      [0, 1],
      [2], // more than a quarter of a pack
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
      [19, 20],
    ])
  })
  it('packs nothing where packs have no bases: the user has chosen the chunk', async () =>
    expect(await groupsOf([1, 2, 3], 0)).toEqual([[0], [1], [2]]))
  it('begins anew at any border of groups with the same groups: what shards rest on', async () => {
    const lengths = Array.from({ length: 300 }, (_, i) => (i * 37) % 30)
    const all = await groupsOf(lengths, 100)
    const first = all[2][0]
    expect(await groupsOf(lengths.slice(first), 100)).toEqual(all.slice(2).map((group) => group.map((i) => i - first)))
  })
  it('more of it is looked at together where a list is long', () => {
    const list = (count: number) => Array.from({ length: count }, () => ({ contig: 'a', start: 0, end: 2000 }))
    expect([10, 600, 1000, 10_000].map((count) => packsPerGroupOf(list(count), { left: 5000, right: 5000 }))).toEqual([
      1, 1, 2, 8,
    ])
    expect(packsPerGroupOf(list(7000), { left: Number.POSITIVE_INFINITY, right: 0 })).toBe(3)
  })
  it('counts both strands', () => {
    const stretch = (direction: '+' | 'both'): StrandedStretch => ({
      contig: contigs.a,
      start: 0,
      end: 20,
      before: 0,
      after: 0,
      direction,
    })
    expect([isShort(stretch('+'), 100, 0), isShort(stretch('both'), 100, 0), basesSeen(stretch('both'), 0)]).toEqual([
      true,
      false,
      40,
    ])
  })
})
