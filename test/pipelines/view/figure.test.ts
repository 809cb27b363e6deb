import { join } from 'node:path'
import { expect, it } from 'vitest'
import { drawFigure, writeArrow } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { makeBatches } from '../../support/prediction-batches.ts'

const folder = temporaryFolder()

it('a figure: a bar for each base with a value, letters, genes; hostile names are text', async () => {
  const contig = '<script>alert(1)</script>'
  const path = join(folder.path, 'out.arrow')
  const batches = async function* () {
    yield* makeBatches([[contig, 0, 70]])
  }
  await writeArrow(batches(), path)
  const genes = folder.write('genes.bed', `${contig}\t10\t60\t<b>G</b>&"\t0\t-\t10\t60\t0\t2\t10,20\t0,30\n`)
  const svg = await drawFigure({ predictions: [path], genes }, { region: '11-50', width: 1000 })
  expect(svg).not.toMatch(/<script|<b>/)
  expect(svg).toContain('&#60;b&#62;G')
  const [x, y] = [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, d]) => d.split('M').length - 1)
  // x is missing at each seventh position.
  expect([x, y]).toEqual([Array.from({ length: 40 }, (_, i) => i + 10).filter((p) => p % 7 !== 3).length, 40])
  expect(svg.match(/>[ACGTNRY]<\/text>/g)).toHaveLength(40)
  await expect(drawFigure({ predictions: [path] }, { region: '1-71' })).rejects.toThrow(/outside/)
})
