import { expect, it } from 'vitest'
import { planPredict, strandOptions } from '../../../pipelines/predict/plan.ts'
import { partBases } from '../../../pipelines/predict/strand-plan.ts'
import { predict } from '../../../pipelines/predict.ts'
import { LimitError } from '../../../src/errors.ts'
import type { Region } from '../../../src/genome.ts'
import { createBackend } from '../../../src/kernels/create-backend.ts'
import type { Checkpoint } from '../../../src/model/checkpoint.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Model } from '../../../src/model/model.ts'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { randomHyena, randomOpenSplice, randomSpliceHyena } from '../../support/random-checkpoints.ts'
import { tries } from '../../support/thorough.ts'

// Plans are functions of the request alone: at any memory, however little, one run, a resumed run and shards give the
// same bits, though each begins with a backend of its own on which less has been allocated.
const records = {
  a: randomSequence(60, 1),
  b: randomSequence(35, 2),
  c: randomSequence(48, 3),
  d: randomSequence(12, 4),
}
const genome = memoryGenome(records)
const steps = tries(4, 10)

async function onNewBackend<T>(checkpoint: Checkpoint, use: (model: Model) => Promise<T>): Promise<T> {
  const backend = await createBackend('cpu', { threads: 1 })
  const model = createModel([checkpoint], backend)
  try {
    return await use(model)
  } finally {
    model.close()
    await backend.destroy()
  }
}

/** Bits of all rows, in order. */
const rowsOf = (checkpoint: Checkpoint, options: PredictOptions): Promise<number[]> =>
  onNewBackend(checkpoint, async (model) => {
    const rows: number[] = []
    for await (const { tracks } of predict(model, genome, options)) {
      const columns = Object.values(tracks).map((values) => new Uint32Array(values.slice().buffer))
      for (let t = 0; t < columns[0].length; t++) for (const column of columns) rows.push(column[t])
    }
    return rows
  })

/** Bytes without which nothing fits, and with which everything does. */
const bounds = (checkpoint: Checkpoint): Promise<{ least: number; most: number }> =>
  onNewBackend(checkpoint, async (model) => {
    const { neededBytes: most } = await planPredict(model, [genome], {})
    const error = await planPredict(model, [genome], { memory: 1 }).catch((e: unknown) => e)
    if (!(error instanceof LimitError)) throw error
    return { least: error.neededBytes!, most }
  })

const wide = randomOpenSplice({
  kind: 'openspliceai',
  channelCount: 16,
  contextBases: 2 * 4 * 4 * 4,
  units: Array(4).fill({ width: 5, dilation: 4 }),
})

it.each([
  ['OpenSpliceAI', wide],
  ['splice-hyena', randomSpliceHyena()],
  ['HyenaDNA', randomHyena()],
])(
  '%s, from the smallest memory that fits upwards: one run, resumed, in parts',
  async (_, checkpoint) => {
    const { least, most } = await bounds(checkpoint)
    const chunks = new Set<number>()
    for (let i = 0; i < steps; i++) {
      const memory = Math.ceil(least + (most - least) * (i / (steps - 1)) ** 2)
      const whole = await rowsOf(checkpoint, { memory })
      const rowCount = Object.values(records).reduce((sum, text) => sum + text.length, 0)
      const width = whole.length / rowCount
      const doneRows = 40 + Math.round((90 * i) / (steps - 1))
      expect(await rowsOf(checkpoint, { memory, doneRows })).toEqual(whole.slice(width * doneRows))
      // Each record's second half, and all records after it, on a backend that has not seen what comes before.
      const parts = await onNewBackend(checkpoint, async (model): Promise<Region[]> => {
        const plan = await planPredict(model, [genome], { memory })
        chunks.add(plan.longest.chunkBases)
        return Object.entries(records).flatMap(([contig, { length }]) => {
          const step = partBases(model, length, '+', strandOptions(plan, {}))
          const isAlone = length > plan.packBases / 4
          const middle = isAlone ? step * Math.ceil(length / step / 2) : length
          const border = [0, middle, length].filter((at, k, all) => at > (all[k - 1] ?? -1))
          return border.slice(1).map((end, k) => ({ contig, start: border[k], end }))
        })
      })
      const cut = parts.findIndex(({ contig }) => contig === 'b')
      const isPacked = parts.length === Object.keys(records).length
      if (isPacked) {
        expect(await rowsOf(checkpoint, { memory, parts })).toEqual(whole)
        continue
      }
      const first = await rowsOf(checkpoint, { memory, parts: parts.slice(0, cut) })
      expect([...first, ...(await rowsOf(checkpoint, { memory, parts: parts.slice(cut) }))]).toEqual(whole)
    }
    expect(chunks.size).toBeGreaterThan(checkpoint.architecture.kind === 'hyena' ? 0 : 1)
  },
  300_000,
)
