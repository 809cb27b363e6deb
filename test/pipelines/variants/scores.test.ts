import { describe, expect, it } from 'vitest'
import { showScore } from '../../../pipelines/variants/show-score.ts'
import { alignToReference, effectsOf, type SiteTracks } from '../../../pipelines/variants/scores.ts'

const values = (...numbers: number[]): Float32Array => Float32Array.from(numbers)

describe('alignment to the reference (distance 3: positions -3 … 3)', () => {
  it.each([
    ['SNV', [1, 2, 3, 4, 5, 6, 7], 1, 1, [1, 2, 3, 4, 5, 6, 7]],
    ['insertion: the maximum over ALT', [1, 2, 3, 4, 9, 5, 6, 7, 8], 1, 3, [1, 2, 3, 9, 6, 7, 8]],
    ['deletion: zeros where REF stood', [1, 2, 3, 4, 5], 3, 1, [1, 2, 3, 4, 0, 0, 5]],
    ['deletion of the whole right side', [1, 2, 3, 4], 4, 1, [1, 2, 3, 4, 0, 0, 0]],
    ['longer than the distance: zeros begin left of POS', [1, 2], 6, 1, [1, 2, 0, 0, 0, 0, 0]],
    ['replacement of equal length', [1, 2, 3, 4, 5, 6, 7], 2, 2, [1, 2, 3, 4, 5, 6, 7]],
    ['shorter replacement', [1, 2, 3, 4, 5, 6], 3, 2, [1, 2, 3, 4, 5, 0, 6]],
    ['longer replacement: the last pair takes the rest', [1, 2, 3, 4, 5, 9, 6, 7, 8], 2, 4, [1, 2, 3, 4, 9, 7, 8]],
  ])('%s', (_, alternate, refLength, altLength, expected) => {
    expect([...alignToReference(values(...alternate), 3, refLength, altLength)]).toEqual(expected)
  })
})

describe('effects', () => {
  const zeros = values(0, 0, 0, 0, 0)
  const reference: SiteTracks = { acceptor: values(0, 0.5, 0, 0.5, 0), donor: zeros }
  const alternate: SiteTracks = { acceptor: values(0.25, 0, 0, 0, 0.25), donor: values(0, 0, 1, 0, 0) }
  const gene = { gene: 'G', id: undefined, contig: 'c', start: 80, end: 130, exonStarts: [80, 99], exonEnds: [90, 130] }
  const options = { position: 100, distance: 2, gene: { ...gene, strand: '+' as const } }
  it('the largest change of each kind, the first of equal ones', () => {
    expect(effectsOf(reference, alternate, options)).toEqual({
      scores: [0.25, 0.5, 1, 0],
      offsets: [-2, -1, 0, -2],
      reference: [0, 0.5, 0, 0],
      alternate: [0.25, 0, 1, 0],
    })
  })
  it("SpliceAI's mask: the nearest boundary, here one base to the left", () => {
    expect(effectsOf(reference, alternate, { ...options, mask: 'boundary' }).scores).toEqual([0.25, 0.5, 1, 0])
    const gained = effectsOf(alternate, reference, { ...options, mask: 'boundary' })
    expect(gained).toMatchObject({ scores: [0, 0, 0, 0], offsets: [-1, -2, -2, 0] })
  })
  it('of two boundaries equally near the left one counts', () => {
    const between = { ...gene, strand: '+' as const, exonStarts: [101], exonEnds: [100] }
    const masked = effectsOf(reference, alternate, { ...options, gene: between, mask: 'boundary' })
    expect(masked.scores).toEqual([0.25, 0.5, 1, 0]) // the loss at -1 is at the left boundary
  })
  it('mask by site: gains of annotated sites and other losses count 0, by kind and strand', () => {
    expect(effectsOf(reference, alternate, { ...options, mask: 'sites' })).toMatchObject({
      scores: [0.25, 0.5, 1, 0],
      offsets: [-2, -1, 0, -2],
    })
    const minus = { ...gene, strand: '-' as const } // there 99 is no acceptor
    expect(effectsOf(reference, alternate, { ...options, gene: minus, mask: 'sites' }).scores).toEqual([0.25, 0, 1, 0])
  })
  it('a value that is no number is passed on', () => {
    const broken = { acceptor: values(0, Number.NaN, 0, 0, 0), donor: zeros }
    expect(effectsOf(reference, broken, options).scores[0]).toBeNaN()
  })
})

it('scores are shown with fixed decimals, zero without a sign', () => {
  expect([0.005, -0.001, 0.99999, 1].map((score) => showScore(score, 2))).toEqual(['0.01', '0.00', '1.00', '1.00'])
  expect(showScore(0.123456, 4)).toBe('0.1235')
})
