import { describe, expect, it } from 'vitest'
import { predict } from '../../../pipelines/predict.ts'
import type { Region } from '../../../src/genome.ts'
import { createBackend } from '../../../src/kernels/create-backend.ts'
import type { Checkpoint } from '../../../src/model/checkpoint.ts'
import { createModel } from '../../../src/model/create-model.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { randomHyena, randomOpenSplice, randomSpliceHyena } from '../../support/random-checkpoints.ts'

// What shards, and resumed runs, rest on: a region's values do not depend, to the last bit, on what the
// process computed before it. With a chunk, so that each is computed alone: which short regions lie in one pack is part
// of the plan. (They do depend on the number of threads, which is why a manifest fixes that.)
const genome = memoryGenome({ one: randomSequence(30_000, 1) })
const region = (start: number, end: number): Region => ({ contig: 'one', start, end })
const last = region(5000, 27_000)

async function valuesOf(
  checkpoint: Checkpoint,
  before: readonly Region[],
  chunk: number,
  strand: '+' | '-',
): Promise<Float32Array> {
  const backend = await createBackend('cpu', { threads: 2, memoryBytes: 2 ** 31 })
  const model = createModel([checkpoint], backend)
  const regions = [...before, last]
  const track = model.info.tracks.find(({ isDefault }) => isDefault)!.name
  const values = new Float32Array(last.end - last.start)
  for await (const batch of predict(model, genome, { regions, chunk, strand, memory: 2 ** 31 })) {
    if (batch.regionIndex === before.length) values.set(batch.tracks[track], batch.region.start - last.start)
  }
  model.close()
  await backend.destroy()
  return values
}

const wide = randomOpenSplice({
  kind: 'openspliceai',
  channelCount: 16,
  contextBases: 2 * 4 * 4 * 10,
  units: Array(4).fill({ width: 11, dilation: 4 }),
})

describe.each([
  ['OpenSpliceAI', wide],
  ['splice-hyena', randomSpliceHyena()],
  ['HyenaDNA', randomHyena()],
])('values of %s, bit for bit', (_, checkpoint) => {
  for (const [chunk, strand] of [
    [700, '-'],
    [9000, '+'],
  ] as const) {
    it(`do not depend on history, chunk ${chunk}, strand ${strand}`, async () => {
      const alone = new Uint8Array((await valuesOf(checkpoint, [], chunk, strand)).buffer)
      const same = (values: Float32Array): boolean => Buffer.compare(new Uint8Array(values.buffer), alone) === 0
      const before = [region(0, 33), region(50, 600), region(0, 21_000), region(7, 4000)]
      expect(same(await valuesOf(checkpoint, before, chunk, strand))).toBe(true)
    })
  }
})
