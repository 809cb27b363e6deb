import { describe, expect, it } from 'vitest'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'
import { planPredict } from '../../../pipelines/predict/plan.ts'
import { predict } from '../../../pipelines/predict.ts'
import { RegionError } from '../../../src/errors.ts'
import type { Model, RunPlan } from '../../../src/model/model.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'

// The plan that is shown is the plan that is run.
const genome = memoryGenome({ a: randomSequence(300, 1), b: randomSequence(40, 2) })

/** A model that notes the plans it is run with. */
function watched(kind: 'windows' | 'causal', plans: RunPlan[]): Model {
  const model = fakeModel(kind, { defaultChunk: 64 })
  return {
    ...model,
    run: (source, plan, control) => {
      plans.push(plan)
      return model.run(source, plan, control)
    },
  }
}

async function plansRun(kind: 'windows' | 'causal', options: PredictOptions): Promise<RunPlan[]> {
  const plans: RunPlan[] = []
  const model = watched(kind, plans)
  const plan = await planPredict(model, [genome], options)
  for await (const _ of predict(model, genome, { ...options, plan })) {
  }
  return plans
}

describe.each(['windows', 'causal'] as const)('a %s model', (kind) => {
  for (const strand of ['+', '-', 'both'] as const) {
    for (const context of ['full', 'none', 5] as const) {
      for (const [start, end] of [
        [0, 90],
        [120, 200],
        [210, 300],
      ]) {
        it(`strand ${strand}, context ${context}, ${start}-${end}`, async () => {
          // A chunk of the user's own is never packed.
          const options = {
            regions: [{ contig: 'a', start, end }],
            strand,
            context,
            chunk: 64,
            temporaryFolder: '/tmp',
          }
          const { longest } = await planPredict(fakeModel(kind), [genome], options)
          expect(await plansRun(kind, options)).toContainEqual(longest)
        })
      }
    }
  }
})

it("a minus-strand region at a contig's start has its context after it", async () => {
  const regions = [{ contig: 'a', start: 0, end: 50, strand: '-' as const }]
  const { longest } = await planPredict(fakeModel('causal'), [genome], { regions, context: 'full' })
  expect(longest.request).toMatchObject({ length: 50, leftContext: 250, rightContext: 0 })
})

it('counts what there is to do, and says where short regions are packed', async () => {
  const regions = [
    { contig: 'a', start: 0, end: 50 },
    { contig: 'b', start: 10, end: 20 },
  ]
  const model = fakeModel('windows')
  const plan = await planPredict(model, [genome], { regions, strand: 'both' })
  expect(plan).toMatchObject({ targets: 2, bases: 60, strandBases: 120 })
  expect(plan.lines[0]).toMatch(/short regions in packs of up to \d+ bases/)
  expect(await planPredict(model, [genome], {})).toMatchObject({ targets: 2, bases: 340, strandBases: 340 })
  const stream = memoryGenome({ a: 'ACGT' }, { isRandomAccess: false })
  expect(await planPredict(model, [stream], {})).toMatchObject({ targets: undefined, bases: undefined })
})

it('a region that is not there is an error of the plan already', async () => {
  const regions = [{ contig: 'c', start: 0, end: 5 }]
  await expect(planPredict(fakeModel('windows'), [genome], { regions })).rejects.toThrow(RegionError)
})
