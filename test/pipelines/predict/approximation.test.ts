import { expect, it } from 'vitest'
import { describeApproximation, judgeApproximation } from '../../../pipelines/predict/approximation.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { RunRequest } from '../../../src/model/model.ts'
import { forEachBackend } from '../../support/backends.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { randomHyena, randomSpliceHyena } from '../../support/random-checkpoints.ts'
import { randomBases } from '../../support/run-model.ts'

forEachBackend('what an approximation changes', (backend) => {
  const genome = memoryGenome({ a: randomBases(700, 3) })
  it('HyenaDNA: all taps change nothing, few taps something, fewer more', async () => {
    const exact = createModel([randomHyena()], backend())
    const differences: number[] = []
    for (const filterLength of [150, 40, 2]) {
      const approximate = createModel([randomHyena()], backend(), { filterLength })
      const report = (await judgeApproximation(exact, approximate, [genome], {}))!
      expect(report.bases).toBe(700)
      expect(report.meanLogLikelihood!.exact).toBeLessThan(0)
      differences.push(report.meanDifference)
      approximate.close()
    }
    expect(differences[0]).toBe(0)
    expect(differences[1]).toBeGreaterThan(0)
    expect(differences[2]).toBeGreaterThan(differences[1])
    exact.close()
  })
  it('own splice model: differences of probabilities, in one line', async () => {
    const exact = createModel([randomSpliceHyena()], backend())
    const approximate = createModel([randomSpliceHyena()], backend(), { filterLength: 5 })
    const report = (await judgeApproximation(exact, approximate, [genome], {
      regions: [{ contig: 'a', start: 100, end: 300 }],
    }))!
    expect(report).toMatchObject({ bases: 200, meanDifference: expect.any(Number) })
    expect(report.largestDifference).toBeGreaterThan(report.meanDifference)
    expect(describeApproximation(report)).toMatch(
      /^on the first 200 bases, .*probabilities change, mean difference \d\.\de-\d, largest/,
    )
    exact.close()
    approximate.close()
  })
  it('says nothing of a stream', async () => {
    const model = createModel([randomSpliceHyena()], backend())
    expect(
      await judgeApproximation(model, model, [memoryGenome({ a: 'ACGT' }, { isRandomAccess: false })], {}),
    ).toBeUndefined()
    model.close()
  })
})

it('compares values at the same positions, whatever chunks they come in', async () => {
  const genome = memoryGenome({ a: randomBases(700, 3) })
  const regions = [{ contig: 'a', start: 0, end: 700 }]
  // More than a pack may have: both are run alone, in chunks of their own.
  const alone = (defaultChunk: number) => ({
    ...fakeModel('windows', { defaultChunk }),
    plan: (request: RunRequest) => ({ request, chunkBases: defaultChunk, memoryBytes: 0, lines: [] }),
  })
  const report = await judgeApproximation(alone(700), alone(64), [genome], { regions })
  expect(report).toMatchObject({ bases: 700, meanDifference: 0, largestDifference: 0 })
})
