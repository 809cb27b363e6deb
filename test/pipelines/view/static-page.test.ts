import { join } from 'node:path'
import { expect, it } from 'vitest'
import { memorySource } from '../../../apps/view/memory-source.ts'
import { unpackRegion } from '../../../apps/view/packed-region.ts'
import type { ViewSource } from '../../../apps/view/source.ts'
import { staticPage } from '../../../pipelines/view/static-page.ts'
import { drawPage, writeArrow } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { makeBatches } from '../../support/prediction-batches.ts'

const folder = temporaryFolder()
const [batch, later] = makeBatches([
  ['one', 100, 5000],
  ['one', 5200, 300],
])

/** What the page of `region` holds. */
async function held(region: string) {
  const path = join(folder.path, 'out.arrow')
  const batches = async function* () {
    yield* [batch, later]
  }
  await writeArrow(batches(), path)
  const html = await drawPage({ predictions: [path] }, { region })
  return unpackRegion(/<script type="application\/json" id="held">(.*?)<\/script>/.exec(html)![1])
}

it('holds every value and letter of its region, and nothing where the file has none', async () => {
  const { span, values, bases, info, sites } = await held('51-5,400')
  expect(span).toEqual({ contig: 'one', start: 50, end: 5400 })
  expect(info.contigs).toMatchObject([{ name: 'one', start: 50, end: 5400 }])
  const row = (position: number): [typeof batch, number] | undefined => {
    const found = [batch, later].find(({ region }) => region.start <= position && position < region.end)
    return found && [found, position - found.region.start]
  }
  for (const [k, track] of ['x', 'y'].entries()) {
    const expected = Float32Array.from({ length: 5350 }, (_, i) => {
      const [found, at] = row(50 + i) ?? []
      return found ? found.tracks[track][at!] : Number.NaN
    })
    expect(values[k]).toEqual(expected)
  }
  const letters = Array.from({ length: 5350 }, (_, i) => {
    const [found, at] = row(50 + i) ?? []
    return found ? String.fromCharCode(found.bases[at!]) : '.'
  })
  expect(bases).toBe(letters.join(''))
  expect(sites[0]).toMatchObject({ contig: 'one', position: 5399, value: -5399, track: 'y' })
})

it('shows a stretch that begins before what it holds at the right places', async () => {
  const region = await held('201-300')
  const source = memorySource(region)
  const shown = await source.show({ contig: 'one', start: 190, end: 210 }, 20)
  expect(shown.bases).toBe(`${' '.repeat(10)}${region.bases.slice(0, 10)}`)
  expect(shown.lanes[1].largest).toEqual(Array.from({ length: 20 }, (_, i) => (i < 10 ? null : -(190 + i))))
  expect((await source.show({ contig: 'one', start: 0, end: 20 }, 20)).bases?.trim()).toBe('')
  expect(await source.peaks({ contig: 'one', start: 0, end: 20 })).toEqual([null, null])
  expect(await source.peaks({ contig: 'one', start: 190, end: 210 })).toMatchObject([
    {},
    { position: 200, value: -200 },
  ])
  await expect(source.find('101-200', 'one')).rejects.toThrow(
    '101-200: not in this page: expected a part of one:201-300',
  )
})

it('refuses more than a page can hold before it reads any of it', async () => {
  const lane = { file: 'a', track: 'x', least: 0, largest: 1 }
  const none = (): never => {
    throw new Error('read')
  }
  const source: ViewSource = {
    info: async () => ({ title: 'a', lanes: [lane, lane], contigs: [], hasGenes: false, hasVariants: false }),
    show: none,
    peaks: none,
    sites: none,
    find: none,
  }
  await expect(staticPage(source, { contig: '20', start: 0, end: 5_000_001 })).rejects.toThrow(
    '20:1-5,000,001: too much for one page: expected at most 5,000,000 bases of 2 tracks, got 5,000,001; give a smaller region',
  )
})
