import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sortFiles } from '../../apps/browser/inputs.ts'
import { Signal } from '../../apps/browser/signal.ts'
import { parseVariant, pastedFile, regionText } from '../../apps/browser/texts.ts'

describe('a signal', () => {
  it('has the least and greatest of any stretch, whatever the pieces it came in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NaN)), {
          minLength: 1,
          maxLength: 700,
        }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        fc.nat(),
        (values, pieceLength, a, b) => {
          const signal = new Signal(values.length)
          for (let at = 0; at < values.length; at += pieceLength)
            signal.set(at, Float32Array.from(values.slice(at, at + pieceLength)))
          const [start, end] = [a % values.length, b % (values.length + 1)].sort((x, y) => x - y)
          const there = values.slice(start, end).filter((value) => !Number.isNaN(value))
          const range = signal.over(start, end)
          expect(range.least).toBe(there.length > 0 ? Math.min(...there) : Number.NaN)
          expect(range.greatest).toBe(there.length > 0 ? Math.max(...there) : Number.NaN)
          const all = values.filter((value) => !Number.isNaN(value))
          expect(signal.range.greatest).toBe(all.length > 0 ? Math.max(...all) : Number.NaN)
        },
      ),
    )
  })
})

describe('variants as people type them', () => {
  const contigs = [
    { name: 'chr20', length: 63_000_000 },
    { name: '20:13850001-16150000', length: 2_300_000 },
  ]
  it.each([
    ['20:14000123 A>G', { contig: 'chr20', position: 14_000_122, ref: 'A', alts: ['G'] }],
    ['chr20:14,000,123A>AT', { contig: 'chr20', position: 14_000_122, ref: 'A', alts: ['AT'] }],
    ['chr20-14000123-a-g', { contig: 'chr20', position: 14_000_122, ref: 'A', alts: ['G'] }],
    ['20:13850001-16150000:5 C > T', { contig: '20:13850001-16150000', position: 4, ref: 'C', alts: ['T'] }],
  ])('%s', (text, variant) => expect(parseVariant(text, contigs)).toEqual(variant))
  it('needs no contig where there is only one', () =>
    expect(parseVariant('7 g>c', [contigs[1]])).toEqual({
      contig: '20:13850001-16150000',
      position: 6,
      ref: 'G',
      alts: ['C'],
    }))
  it.each([
    ['20:14000123', /is no variant. Expected something like/],
    ['7 g>c', /Which contig/],
    ['21:5 A>C', /There is no contig 21. The file has chr20, 20:13850001-16150000/],
    ['20:63000001 A>C', /lies outside chr20, which has 63,000,000 bases/],
    ['20:0 A>C', /lies outside/],
  ])('%s is refused', (text, words) => expect(() => parseVariant(text, contigs)).toThrow(words))
})

it('a region as text is 1-based and ends with its last base', () =>
  expect(regionText({ contig: 'chr20', start: 999, end: 2000 })).toBe('chr20:1,000-2,000'))

it('pasted bases become FASTA; numbers and spaces of a sequence database go', async () => {
  expect(await pastedFile(' 1 acgt acgt\n 9 tt ').text()).toBe('>pasted\nacgtacgttt\n')
  expect(await pastedFile('>x y\nAC\n').text()).toBe('>x y\nAC\n')
})

it('files are told apart by name', () => {
  const [fasta, weights, config] = ['x.fa.gz', 'model.safetensors', 'config.json'].map((name) => new File([], name))
  expect(sortFiles([config, fasta, weights])).toEqual({ fasta, model: { weights, config, name: 'model.safetensors' } })
  expect(sortFiles([fasta])).toEqual({ fasta, model: undefined })
  expect(() => sortFiles([config])).toThrow(/alone is no model/)
})
