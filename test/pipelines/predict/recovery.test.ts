import { describe, expect, it } from 'vitest'
import { deviceRecovery } from '../../../pipelines/run/device-recovery.ts'
import { predict } from '../../../pipelines/predict.ts'
import { DeviceError } from '../../../src/errors.ts'
import type { Model } from '../../../src/model/model.ts'
import { fakeModel, fakeValues } from '../../support/fake-model.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'

const text = randomSequence(301, 9)
const whole = {
  windows: fakeValues('windows', new TextEncoder().encode(text)),
  causal: fakeValues('causal', new TextEncoder().encode(text)),
}

/** Fails with `reason` when it has given `chunksBefore` chunks, once. */
function failing(kind: 'windows' | 'causal', reason: DeviceError['reason'], chunksBefore: number): Model {
  let left = chunksBefore
  const error = new DeviceError(reason, { where: 'gpu', what: 'failed' })
  const model = fakeModel(kind, {
    onChunk: () => {
      if (left-- === 0) throw error
    },
  })
  return { ...model, backend: { kind: 'webgpu', limits: {} } as never }
}
const recovery = (warnings: string[], isAuto: boolean, kind: 'windows' | 'causal') =>
  deviceRecovery({
    isAuto,
    defaultChunk: 1 << 20,
    onCpu: async () => ({ ...fakeModel(kind), backend: { kind: 'cpu', limits: {} } as never }),
    onWarning: (warning) => warnings.push(warning),
  })

describe('when the device fails in the middle of a contig', () => {
  for (const kind of ['windows', 'causal'] as const) {
    const track = kind === 'windows' ? 'donor' : 'log_likelihood'
    for (const strand of ['+', '-', 'both'] as const) {
      it(`${kind}, strand ${strand}: continues on the CPU with the same values, each once, and says so once`, async () => {
        const clean: number[] = []
        const suffix = strand === 'both' ? '_minus' : ''
        for await (const { tracks } of predict(fakeModel(kind), memoryGenome({ a: text, b: text }), {
          strand,
          chunk: 50,
        }))
          clean.push(...tracks[track + suffix])
        const got: number[] = []
        const warnings: string[] = []
        const options = { strand, chunk: 50, onDeviceError: recovery(warnings, true, kind) }
        for await (const { region, tracks } of predict(
          failing(kind, 'lost', 3),
          memoryGenome({ a: text, b: text }),
          options,
        )) {
          expect(region.start).toBe(got.length % 301)
          got.push(...tracks[track + suffix])
        }
        expect(got).toEqual(clean)
        expect(warnings).toEqual([expect.stringMatching(/failed.*CPU/)])
        if (strand === '+') expect(got.slice(0, 301)).toEqual([...whole[kind][track]])
      })
    }
  }

  it('out of memory halves the chunk and stays', async () => {
    const warnings: string[] = []
    const got: number[] = []
    const options = { onDeviceError: recovery(warnings, false, 'windows'), chunk: 2048 }
    for await (const { tracks } of predict(failing('windows', 'out-of-memory', 0), memoryGenome({ a: text }), options))
      got.push(...tracks['donor'])
    expect(got).toEqual([...whole.windows['donor']])
    expect(warnings).toEqual([expect.stringMatching(/1,024 bases/)])
  })

  it('is an error where the device was asked for, where there is no other, and where the input is gone', async () => {
    const run = async (model: Model, isAuto: boolean, isRandomAccess = true) => {
      const genome = memoryGenome({ a: text }, { isRandomAccess })
      for await (const _ of predict(model, genome, { chunk: 50, onDeviceError: recovery([], isAuto, 'windows') })) {
      }
    }
    await expect(run(failing('windows', 'lost', 1), false)).rejects.toThrow(DeviceError)
    await expect(
      run({ ...failing('windows', 'worker', 1), backend: { kind: 'cpu', limits: {} } as never }, true),
    ).rejects.toThrow(DeviceError)
    await expect(run(failing('windows', 'lost', 1), true, false)).rejects.toThrow(DeviceError)
    await expect(run(failing('windows', 'lost', 1), true)).resolves.toBeUndefined()
  })
})
