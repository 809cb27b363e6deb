import { expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import type { Genome } from '../../../src/genome.ts'
import { rowsPerRecordBatch } from '../../../src/io/output/arrow-rows.ts'
import type { ByteSink } from '../../../src/io/bytes/sink.ts'
import type { OneFileFormat } from '../../../src/io/output/formats.ts'
import { writePredictions } from '../../../src/io/output/write-predictions.ts'
import { fakeModel } from '../../support/fake-model.ts'

/*
 * What is held between reading and writing, counted: bases that the genome has given and the sink has not got, while the
 * sink is slow. It must not grow with the genome.
 */
const pieceBases = 1 << 17
const model = {
  ...fakeModel('windows'),
  /** As a model should: in step with its source. */
  async *run(source: AsyncIterable<Uint8Array>) {
    let start = 0
    for await (const { length } of source) {
      yield { start, tracks: { acceptor: new Float32Array(length), donor: new Float32Array(length) } }
      start += length
    }
  },
}

async function mostHeld(bases: number, format: OneFileFormat): Promise<number> {
  let read = 0
  let written = 0
  let most = 0
  const genome: Genome = {
    name: 'long',
    byteCount: bases,
    isRandomAccess: true,
    contigs: async () => [{ name: 'a', length: bases }],
    read: async () => {
      throw new Error('not needed')
    },
    async *chunks() {
      for (let start = 0; start < bases; start += pieceBases) {
        read += pieceBases
        most = Math.max(most, read - written)
        yield {
          contig: 'a',
          start,
          bases: new Uint8Array(pieceBases).fill(65),
          isContigEnd: start + pieceBases >= bases,
        }
      }
    },
    async close() {},
  }
  const sink: ByteSink = {
    async write(chunks) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      const bytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
      if (bytes >= 17 * rowsPerRecordBatch) written += rowsPerRecordBatch
    },
    async finish() {},
    async abort() {},
  }
  await writePredictions(predict(model, genome, { tracks: ['acceptor', 'donor'] }), format, sink, {
    tracks: ['acceptor', 'donor'],
    contigs: ['a'],
  })
  expect(read).toBe(bases)
  expect(written).toBe(bases)
  return most
}

it('what is held between reading and writing does not grow with the genome', async () => {
  const short = await mostHeld(16 * pieceBases, 'arrow')
  const long = await mostHeld(160 * pieceBases, 'arrow') // chr20's first 20 Mb
  expect(long).toBeLessThanOrEqual(short + 2 * pieceBases)
  expect(long).toBeLessThanOrEqual(12 * pieceBases)
})
