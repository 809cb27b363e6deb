import { expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import type { Genome, Region } from '../../../src/genome.ts'
import { collectGarbage } from '../../../src/kernels/cpu/garbage.ts'
import { fakeModel } from '../../support/fake-model.ts'

const contigBases = 10_000
const read = (start: number, end: number): Uint8Array => new Uint8Array(end - start).fill(65)

/** Heap in use when little else is. */
function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
const mebibyte = 2 ** 20

it('2,000,000 regions, 1,800,000 of which are done: what is held does not grow', async () => {
  const count = 2_000_000
  const done = 1_800_000
  const regionAt = (i: number): Region => ({ contig: 'a', start: i % contigBases, end: (i % contigBases) + 1 })
  // A list that holds nothing itself.
  const list = Object.assign([] as Region[], {
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) yield regionAt(i)
    },
    reduce<T>(add: (sum: T, region: Region) => T, first: T): T {
      let sum = first
      for (let i = 0; i < count; i++) sum = add(sum, regionAt(i))
      return sum
    },
  })
  const genome: Genome = {
    name: 'many',
    byteCount: undefined,
    isRandomAccess: true,
    contigs: async () => [{ name: 'a', length: contigBases }],
    read: async ({ start, end }) => read(start, end),
    chunks: () => {
      throw new Error('not needed')
    },
    async close() {},
  }
  let rows = 0
  let early = 0
  const run = { regions: list, doneRows: done }
  for await (const { regionIndex, bases } of predict(fakeModel('windows'), genome, run)) {
    expect(regionIndex === done + rows && bases.length === 1).toBe(true)
    rows++
    if (rows === 40_000) early = heapBytes()
  }
  expect(rows).toBe(count - done)
  expect(heapBytes() - early).toBeLessThan(16 * mebibyte)
}, 300_000)

it('200,000 records', async () => {
  const count = 200_000
  const genome: Genome = {
    name: 'many',
    byteCount: undefined,
    isRandomAccess: true,
    contigs: async () => Array.from({ length: count }, (_, i) => ({ name: `r${i}`, length: 3 })),
    read: async ({ start, end }) => read(start, end),
    async *chunks() {
      for (let i = 0; i < count; i++) yield { contig: `r${i}`, start: 0, bases: read(0, 3), isContigEnd: true }
    },
    async close() {},
  }
  let rows = 0
  for await (const { bases } of predict(fakeModel('windows'), genome)) rows += bases.length
  expect(rows).toBe(3 * count)
}, 300_000)
