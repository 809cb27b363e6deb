import { expect, it } from 'vitest'
import { everyVariant } from '../../../pipelines/variants/saturation.ts'
import { memoryGenome } from '../../support/memory-genome.ts'

const genome = memoryGenome({ c: 'ACgNTTGA' })
const all = async (start: number, end: number, options: object): Promise<string[]> => {
  const found: string[] = []
  for await (const { position, ref, alts } of everyVariant(genome, [{ contig: 'c', start, end }], options))
    found.push(`${position} ${ref}>${alts.join()}`)
  return found
}

it('every single-base change, in order, none where the base is not known', async () => {
  expect(await all(2, 5, { snv: true })).toEqual(['2 G>A', '2 G>C', '2 G>T', '4 T>A', '4 T>C', '4 T>G'])
})
it('every insertion of one base and deletion of one to four, not beyond the contig', async () => {
  expect(await all(5, 7, { indel: true })).toEqual([
    ...['5 T>TA', '5 T>TC', '5 T>TG', '5 T>TT', '5 TG>T', '5 TGA>T'],
    ...['6 G>GA', '6 G>GC', '6 G>GG', '6 G>GT', '6 GA>G'],
  ])
  expect(await all(0, 1, { snv: true, indel: true })).toHaveLength(11)
})
