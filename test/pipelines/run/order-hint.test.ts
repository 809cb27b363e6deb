import { expect, it } from 'vitest'
import { orderHint } from '../../../pipelines/run/order-hint.ts'
import type { Region } from '../../../src/genome.ts'

const context = { left: 100, right: 100 }
const at = (start: number, strand: Region['strand'] = '+'): Region => ({ contig: 'a', start, end: start + 50, strand })

it('says what sorting a list would save, where that is worth a line', () => {
  // Every 60 bases: sorted they are one stretch of 50 + 60 * 99 bases, and context once.
  const list = Array.from({ length: 100 }, (_, i) => at(((i * 37) % 100) * 60))
  expect(orderHint(list, context)).toMatch(/sees up to \d\d,\d{3} bases; sorted by contig and start it would be 6,190$/)
  expect(
    orderHint(
      list.toSorted((a, b) => a.start - b.start),
      context,
    ),
  ).toBeUndefined()
})

it('says nothing of regions that share nothing, of other strands, and of a model that sees everything', () => {
  expect(orderHint([at(5000), at(0), at(9000)], context)).toBeUndefined()
  expect(orderHint([at(60, '-'), at(0), at(120, '-')], context)).toBeUndefined()
  expect(orderHint([at(60), at(0)], { left: Number.POSITIVE_INFINITY, right: 0 })).toBeUndefined()
  expect(orderHint([at(0)], context)).toBeUndefined()
})
