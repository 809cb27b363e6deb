import { afterEach, describe, expect, it } from 'vitest'
import { predict } from '../../pipelines/predict.ts'
import { ConfigError, LimitError } from '../../src/errors.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import { createBackend } from '../../src/kernels/create-backend.ts'
import { longConv } from '../../src/kernels/long-conv/api.ts'
import { createModel } from '../../src/model/create-model.ts'
import { gpuSkipReason, randomArray, relativeError } from '../support/backends.ts'
import { memoryGenome } from '../support/memory-genome.ts'
import { randomHyena, randomOpenSplice } from '../support/random-checkpoints.ts'
import { randomBases } from '../support/run-model.ts'

const thrown = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe.each(['cpu', 'gpu'] as const)('createBackend({ memoryBytes }) on %s', (device) => {
  const skipped = device === 'gpu' && gpuSkipReason !== undefined
  let opened: Backend[] = []
  const open = async (memoryBytes?: number): Promise<Backend> => {
    const backend = await createBackend(device, { threads: 2, memoryBytes })
    opened.push(backend)
    return backend
  }
  afterEach(async () => {
    await Promise.all(opened.map((backend) => backend.destroy()))
    opened = []
  })

  it.skipIf(skipped)('bounds tensors and weights together, and says the number', async () => {
    const b = await open(2 ** 20)
    expect(b.limits.maxTotalBytes).toBe(2 ** 20)
    const half = b.tensor(1, 2 ** 17)
    const refused = [() => b.tensor(1, 2 ** 17 + 16), () => b.weights(new Float32Array(2 ** 17 + 16), [2 ** 17 + 16])]
    for (const run of refused) {
      const error = thrown(run)
      expect(error).toBeInstanceOf(LimitError)
      expect(error).toMatchObject({ option: 'memoryBytes', neededBytes: b.memory.currentBytes + 4 * (2 ** 17 + 16) })
      expect(String(error)).toContain('expected at most 1048576 bytes')
    }
    b.release(half)
    const again = b.tensor(1, 2 ** 17 + 16) // what was given back is there again, and what was refused is not counted
    b.write(again, new Float32Array(again.length).fill(3))
    expect(new Set(await b.read(again))).toEqual(new Set([3]))
  })

  it.skipIf(skipped)('makes longConv compute fewer channels at a time, to the same values', async () => {
    const [channelCount, length] = [16, 2000]
    const options = {
      channelCount,
      input: randomArray(channelCount * length, 1),
      filter: randomArray(channelCount * length, 2),
      post: randomArray(channelCount * length, 3),
    }
    const expected = await longConv(await open(), options)
    const small = await open(2 ** 18)
    expect(relativeError(await longConv(small, options), expected)).toBeLessThan(2e-6)
    await expect(longConv(await open(2 ** 14), options)).rejects.toThrow(LimitError)
  })

  it.skipIf(skipped)('is what predict plans by where it is given no memory', async () => {
    const sequence = randomBases(3000, 5)
    const genome = memoryGenome({ c: sequence })
    const valuesOn = async (backend: Backend, make: () => ReturnType<typeof randomHyena>): Promise<number[]> => {
      const model = createModel([make()], backend)
      const values: number[] = []
      for await (const { tracks } of predict(model, genome)) values.push(...Object.values(tracks)[0])
      model.close()
      return values
    }
    // A software GPU compiles for long: one model is enough to see that the limit is planned by.
    for (const make of device === 'cpu' ? [randomHyena, randomOpenSplice] : [randomOpenSplice]) {
      const free = await open()
      const expected = await valuesOn(free, make)
      const model = createModel([make()], free)
      const whole = { tracks: [], length: sequence.length, leftContext: 0, rightContext: 0 }
      const wanted = model.plan({ ...whole, memoryBytes: 2 ** 33 })
      const { memoryBytes, chunkBases } = model.plan({ ...whole, memoryBytes: wanted.memoryBytes - 1 })
      expect(chunkBases).toBeLessThanOrEqual(wanted.chunkBases)
      const got = await valuesOn(await open(memoryBytes), make)
      expect(got).toHaveLength(expected.length)
      got.forEach((value, i) => {
        if (!Number.isNaN(expected[i])) expect(Math.abs(value - expected[i])).toBeLessThan(1e-5)
      })
      await expect(valuesOn(await open(1000), make)).rejects.toThrow(LimitError)
    }
  })
})

it.each([0, -1, Number.NaN, '1G' as unknown as number])('memoryBytes: %s is refused', async (memoryBytes) => {
  await expect(createBackend('cpu', { memoryBytes })).rejects.toThrow(ConfigError)
})
