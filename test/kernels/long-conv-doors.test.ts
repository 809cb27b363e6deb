import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, ShapeError } from '../../src/errors.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { type LongConvOptions, longConv } from '../../src/kernels/long-conv/api.ts'
import { planLongConvCpu } from '../../src/kernels/long-conv/plan.cpu.ts'

/** What callers without types pass: an error of the library's own, at once, and nothing computed. */
describe('longConv at the door', () => {
  const backend = createCpuBackend({ threads: 1 })
  afterAll(() => backend.destroy())
  const good: LongConvOptions = { input: new Float32Array(12).fill(1), filter: new Float32Array(6), channelCount: 2 }
  const refused = async (more: Record<string, unknown>): Promise<unknown> =>
    await longConv(backend, { ...good, ...more } as unknown as LongConvOptions).then(
      () => undefined,
      (error: unknown) => error,
    )

  it('takes what is right', async () => expect(await longConv(backend, good)).toHaveLength(12))

  it.each([
    ['a plain array', { input: [1, 2, 3, 4] }],
    ['other numbers', { filter: new Float64Array(6) }],
    ['no input', { input: undefined }],
    ['values that do not divide among the channels', { input: new Float32Array(13) }],
    ['no values', { filter: new Float32Array(0) }],
    ['a gate of another length', { pre: new Float32Array(11) }],
    ['a gate that is a plain array', { post: Array(12).fill(1) }],
    ['a skip for each position', { skip: new Float32Array(12) }],
  ])('%s: a ShapeError', async (_, more) => expect(await refused(more)).toBeInstanceOf(ShapeError))

  it.each([
    ['channelCount NaN', { channelCount: Number.NaN }],
    ['no channelCount', { channelCount: undefined }],
    ['channelCount 1.5', { channelCount: 1.5 }],
    ['channelCount as text', { channelCount: '2' }],
    ['batch 0', { batch: 0 }],
    ['filterLength -1', { filterLength: -1 }],
    ['an alignment that is none', { alignment: 'middle' }],
    ['two-sided with an even number of taps', { alignment: 'two-sided', filter: new Float32Array(8) }],
    ['frequencySparsity 1', { frequencySparsity: 1 }],
    ['frequencySparsity NaN', { frequencySparsity: Number.NaN }],
    ['a signal that is none', { signal: {} }],
    ['a plan that is none', { plan: 'fast' }],
    ['a mask that is none', { frequencyMask: 0.5 }],
  ])('%s: a ConfigError', async (_, more) => expect(await refused(more)).toBeInstanceOf(ConfigError))

  it('a plan for other channels: a ShapeError', async () => {
    expect(await refused({ plan: planLongConvCpu({ channelCount: 1, length: 6, filterLength: 3 }) })).toBeInstanceOf(
      ShapeError,
    )
  })

  it('no backend, or no options: a ConfigError', async () => {
    await expect(longConv(undefined as never, good)).rejects.toThrow(
      'longConv: missing or not usable: expected a backend of createBackend, got undefined',
    )
    await expect(longConv({} as never, good)).rejects.toThrow(ConfigError)
    await expect(longConv(backend, undefined as never)).rejects.toThrow(ConfigError)
  })

  it('whatever stands in place of a number is taken as one or refused', async () => {
    const name = fc.constantFrom('channelCount', 'batch', 'filterLength', 'alignment', 'frequencySparsity')
    await fc.assert(
      fc.asyncProperty(name, fc.anything(), async (option, value) => {
        const error = await refused({ [option]: value })
        expect(error === undefined || error instanceof ConfigError || error instanceof ShapeError).toBe(true)
      }),
      { numRuns: 200, examples: [['alignment', { toString: '' }]] },
    )
  })
})
