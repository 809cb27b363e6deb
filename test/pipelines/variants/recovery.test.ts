import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scoringRecovery } from '../../../pipelines/run/device-recovery.ts'
import type { ScoreOptions, Variant } from '../../../pipelines/variants/options.ts'
import { scoreVariants } from '../../../pipelines/variants.ts'
import { DeviceError } from '../../../src/errors.ts'
import type { Backend } from '../../../src/kernels/backend.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import type { Checkpoint } from '../../../src/model/checkpoint.ts'
import { createModel } from '../../../src/model/create-model.ts'
import type { Model } from '../../../src/model/model.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { randomHyena, randomOpenSplice } from '../../support/random-checkpoints.ts'

const contig = randomSequence(900, 3)
  .toUpperCase()
  .replaceAll(/[^ACGT]/g, 'A')
const variants: Variant[] = [200, 300, 400, 500, 600].map((position) => ({
  contig: 'c',
  position,
  ref: contig[position],
  alts: [contig[position] === 'A' ? 'C' : 'A'],
  endsGroup: true,
}))

describe.each([
  ['splice', randomOpenSplice()],
  ['language', randomHyena()],
] as const)('when the device fails in the middle of a list of variants: %s model', (_, checkpoint) => {
  let backend: Backend
  beforeAll(() => {
    backend = createCpuBackend({ threads: 1 })
  })
  afterAll(() => backend.destroy())
  const open = (of: Checkpoint = checkpoint): Model => createModel([of], backend)

  /** Fails with `reason` at the third run. */
  function failingModel(reason: DeviceError['reason']): Model {
    const model = open()
    let left = 2
    const failing =
      <Given extends unknown[], T>(run: (...given: Given) => Promise<T>) =>
      async (...given: Given): Promise<T> => {
        if (left-- === 0) throw new DeviceError(reason, { where: 'gpu', what: 'failed' })
        return run(...given)
      }
    return {
      ...model,
      backend: { kind: 'webgpu', limits: { maxTotalBytes: 2 ** 31 } } as never,
      runPieces: failing(model.runPieces),
      edits: model.edits && { ...model.edits, run: failing(model.edits.run) },
    }
  }

  async function scoreAll(model: Model, options: Partial<ScoreOptions> = {}): Promise<unknown[]> {
    const all: unknown[] = []
    const given = { genes: 'none', ...options } as const
    for await (const { variant, scores } of scoreVariants(model, memoryGenome({ c: contig }), variants, given))
      all.push([variant.position, scores])
    return all
  }

  it.each([
    ['lost', true, /failed; continuing on the CPU/],
    ['out-of-memory', false, /failed; continuing in 1.0 GiB of memory/],
  ] as const)('%s: the rest is scored all the same, each once', async (reason, isAuto, said) => {
    const warnings: string[] = []
    const onDeviceError = scoringRecovery({
      isAuto,
      onCpu: async () => open(),
      onWarning: (text) => warnings.push(text),
    })
    expect(await scoreAll(failingModel(reason), { onDeviceError })).toEqual(await scoreAll(open()))
    expect(warnings).toEqual([expect.stringMatching(said)])
  })

  it('is an error where the device was asked for, and where nobody is asked', async () => {
    const onDeviceError = scoringRecovery({
      isAuto: false,
      onCpu: async () => open(),
      onWarning: () => {},
    })
    await expect(scoreAll(failingModel('lost'), { onDeviceError })).rejects.toThrow(DeviceError)
    await expect(scoreAll(failingModel('out-of-memory'))).rejects.toThrow(DeviceError)
  })
})
