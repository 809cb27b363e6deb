import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, ShapeError } from '../../src/errors.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import {
  type LongConvGradients,
  longConvGradients,
  type LongConvGradientsOptions,
} from '../../src/kernels/long-conv/gradients.ts'
import { longConvReference } from '../oracle/convolution.ts'
import * as oracle from '../oracle/gradients.ts'
import { forEachBuild, randomArray, relativeError } from '../support/backends.ts'

/** Of the largest gradient. */
const bound = 1e-5

type Alignment = LongConvGradientsOptions['alignment']

const centerOf = (alignment: Alignment, taps: number): number =>
  alignment === 'two-sided' ? (taps - 1) / 2 : typeof alignment === 'number' ? alignment : 0

/** The oracle over batch and channels; without gates and skip it has ones and zero in their place. */
function expected(o: LongConvGradientsOptions): Required<Record<keyof LongConvGradients, Float64Array>> {
  const { channelCount, batch = 1 } = o
  const length = o.input.length / (batch * channelCount)
  const givenTaps = o.filter.length / channelCount
  const taps = Math.min(o.filterLength ?? givenTaps, givenTaps)
  const signal = (): Float64Array => new Float64Array(o.input.length)
  const all = {
    input: signal(),
    filter: new Float64Array(o.filter.length),
    pre: signal(),
    post: signal(),
    skip: new Float64Array(channelCount),
  }
  const ones = new Float32Array(o.input.length).fill(1)
  for (let row = 0; row < batch * channelCount; row++) {
    const c = row % channelCount
    const of = (values: Float32Array): Float32Array => values.subarray(row * length, (row + 1) * length)
    const filter = o.filter.subarray(c * givenTaps, c * givenTaps + taps)
    const centerTap = centerOf(o.alignment, taps)
    const pre = of(o.pre ?? ones)
    const post = of(o.post ?? ones)
    const one = oracle.longConv(
      { input: of(o.input), filter, centerTap, pre, post, skip: o.skip?.[c] ?? 0 },
      of(o.gradient),
    )
    for (const name of ['input', 'pre', 'post'] as const) all[name].set(one[name], row * length)
    for (const [j, v] of one.filter.entries()) all.filter[c * givenTaps + j] += v
    all.skip[c] += one.skip
  }
  return all
}

interface Case {
  length: number
  taps: number
  channelCount?: number
  batch?: number
  alignment?: Alignment
  filterLength?: number
  gates?: boolean
}

function optionsOf({
  length,
  taps,
  channelCount = 2,
  batch = 1,
  gates = true,
  ...more
}: Case): LongConvGradientsOptions {
  const count = batch * channelCount * length
  return {
    input: randomArray(count, 1),
    filter: randomArray(channelCount * taps, 2),
    gradient: randomArray(count, 3),
    channelCount,
    batch,
    ...(gates && { pre: randomArray(count, 4), post: randomArray(count, 5), skip: randomArray(channelCount, 6) }),
    ...more,
  }
}

/** Made by test/kernels/make-long-conv-gradients.py. */
const autograd = JSON.parse(
  readFileSync(fileURLToPath(new URL('golden/long-conv-gradients.json', import.meta.url)), 'utf8'),
) as {
  readonly channelCount: number
  readonly batch: number
  readonly alignment: number
  readonly filterLength: number
  readonly gradient: readonly number[]
  readonly arguments: Readonly<Record<string, readonly number[]>>
  readonly gradients: Readonly<Record<string, readonly number[]>>
}[]

const cases: Case[] = [
  { length: 1, taps: 1 },
  { length: 2, taps: 1, channelCount: 1 },
  { length: 1, taps: 7 },
  { length: 7, taps: 3, gates: false },
  { length: 31, taps: 33, alignment: 'two-sided' },
  { length: 127, taps: 127 },
  { length: 100, taps: 301, alignment: 'two-sided' },
  { length: 64, taps: 40, alignment: 39 },
  { length: 20, taps: 50, alignment: 47, batch: 2 },
  { length: 997, taps: 1, gates: false },
  { length: 1023, taps: 1025, batch: 3, channelCount: 3 },
  { length: 2048, taps: 2047, alignment: 'two-sided', gates: false },
  { length: 3001, taps: 999, filterLength: 129, batch: 2 },
  { length: 3001, taps: 999, filterLength: 129, alignment: 'two-sided' },
  { length: 5333, taps: 100, filterLength: 1000 },
  { length: 8193, taps: 33, alignment: 'two-sided' },
  { length: 12289, taps: 5000, channelCount: 1 },
  { length: 9001, taps: 4501, alignment: 'two-sided', channelCount: 1, filterLength: 4099 },
]

forEachBuild('gradients of the long convolution', (backend) => {
  it.each(cases)('%j', async (given) => {
    const options = optionsOf(given)
    const got = await longConvGradients(backend(), options)
    const all = expected(options)
    const names = ['input', 'filter', ...(options.pre ? (['pre', 'post', 'skip'] as const) : [])] as const
    expect(Object.keys(got).toSorted()).toEqual([...names].toSorted())
    for (const name of names) expect(relativeError(got[name]!, all[name]), name).toBeLessThan(bound)
  })

  it('as autograd in float64', async () => {
    for (const { arguments: given, gradient, gradients, ...more } of autograd) {
      const arrays = Object.fromEntries(
        Object.entries(given).map(([name, values]) => [name, Float32Array.from(values)]),
      )
      const got = await longConvGradients(backend(), {
        ...(arrays as unknown as Pick<LongConvGradientsOptions, 'input' | 'filter'>),
        gradient: Float32Array.from(gradient),
        ...more,
      })
      expect(Object.keys(got).toSorted()).toEqual(Object.keys(gradients).toSorted())
      for (const [name, values] of Object.entries(got))
        expect(relativeError(values, gradients[name]), name).toBeLessThan(bound)
    }
  })

  it('one gate alone, and no batch', async () => {
    for (const left of ['pre', 'post'] as const) {
      const {
        [left]: _,
        skip: __,
        batch: ___,
        ...options
      } = optionsOf({ length: 300, taps: 41, alignment: 'two-sided' })
      const got = await longConvGradients(backend(), options)
      expect(Object.keys(got).toSorted()).toEqual(['filter', 'input', left === 'pre' ? 'post' : 'pre'])
      const all = expected(options)
      for (const [name, values] of Object.entries(got))
        expect(relativeError(values, all[name as keyof LongConvGradients]), name).toBeLessThan(bound)
    }
  })

  it('gives the same bits again, leaves its arguments alone and no memory behind', async () => {
    const options = optionsOf({ length: 9001, taps: 700, batch: 3, alignment: 'two-sided', filterLength: 601 })
    const bytesOf = (values: object) =>
      Object.entries(values).map(([name, v]) => [
        name,
        ArrayBuffer.isView(v) ? Buffer.from(v.buffer).toString('latin1') : v,
      ])
    const before = bytesOf(options)
    const free = backend().memory.currentBytes
    const first = await longConvGradients(backend(), options)
    const again = await longConvGradients(backend(), options)
    // As strings, since a comparison value by value takes ten times as long as the gradients.
    expect(JSON.stringify(bytesOf(again)) === JSON.stringify(bytesOf(first))).toBe(true)
    expect(JSON.stringify(bytesOf(options)) === JSON.stringify(before)).toBe(true)
    expect(backend().memory.currentBytes).toBe(free)
    const givenTaps = 700
    for (const c of [0, 1]) {
      const row = first.filter.subarray(c * givenTaps, (c + 1) * givenTaps)
      expect(row.subarray(601).every((v) => v === 0)).toBe(true)
      expect(row.subarray(0, 601).some((v) => v === 0)).toBe(false)
    }
  })

  it('what it gives is not what it was given', async () => {
    const options = optionsOf({ length: 50, taps: 9, gates: false })
    const got = await longConvGradients(backend(), options)
    for (const values of Object.values(got) as Float32Array[])
      for (const given of [options.input, options.filter, options.gradient])
        expect(values.buffer).not.toBe(given.buffer)
  })
})

describe('the oracle of the gradients of the long convolution', () => {
  it.each([
    [9, 5, 0],
    [9, 5, 2],
    [6, 15, 7],
    [7, 4, 3],
  ])('equals central differences: %i positions, %i taps, centre %i', (length, taps, centerTap) => {
    const gradient = randomArray(length, 1)
    const given = {
      input: randomArray(length, 2),
      filter: randomArray(taps, 3),
      pre: randomArray(length, 4),
      post: randomArray(length, 5),
      skip: 0.7,
      centerTap,
    }
    const value = ({ filter, ...more }: oracle.LongConvOfOneChannel): number =>
      longConvReference({ ...more, taps: filter, inputShift: 0, length }).reduce(
        (sum, y, t) => sum + y * gradient[t],
        0,
      )
    const got = oracle.longConv(given, gradient)
    for (const name of ['input', 'filter', 'pre', 'post'] as const) {
      const slope = oracle.slopeOf((v) => value({ ...given, [name]: v }), given[name])
      expect(relativeError(got[name], slope), name).toBeLessThan(1e-8)
    }
    const slope = oracle.slopeOf(([skip]) => value({ ...given, skip }), [given.skip])
    expect(got.skip).toBeCloseTo(slope[0], 8)
  })
})

describe('longConvGradients at the door', () => {
  const backend = createCpuBackend({ threads: 1 })
  afterAll(() => backend.destroy())
  const good = optionsOf({ length: 6, taps: 3 })
  const refused = async (more: Record<string, unknown>): Promise<unknown> =>
    await longConvGradients(backend, { ...good, ...more } as unknown as LongConvGradientsOptions).then(
      () => undefined,
      (error: unknown) => error,
    )

  it.each([
    ['no gradient', { gradient: undefined }],
    ['a gradient of another length', { gradient: new Float32Array(11) }],
    ['a gradient of other numbers', { gradient: new Float64Array(12) }],
    ['a plain array', { input: [1, 2] }],
    ['a gate of another length', { pre: new Float32Array(11) }],
    ['a skip for each position', { skip: new Float32Array(12) }],
  ])('%s: a ShapeError that names the function', async (_, more) => {
    const error = await refused(more)
    expect(error).toBeInstanceOf(ShapeError)
    expect((error as Error).message).toMatch(/^longConvGradients: /)
  })

  it.each([
    ['no channelCount', { channelCount: undefined }],
    ['batch 0', { batch: 0 }],
    ['filterLength 1.5', { filterLength: 1.5 }],
    ['two-sided with an even number of taps', { alignment: 'two-sided', filterLength: 2 }],
    ['an alignment that is none', { alignment: 'middle' }],
    ['a signal that is none', { signal: {} }],
    ['a sparse convolution', { frequencySparsity: 0.5 }],
    ['a masked convolution', { frequencyMask: new Float32Array(8) }],
    ['a plan', { plan: {} }],
  ])('%s: a ConfigError', async (_, more) => expect(await refused(more)).toBeInstanceOf(ConfigError))

  it('no backend, or no options: a ConfigError', async () => {
    await expect(longConvGradients(undefined as never, good)).rejects.toThrow(ConfigError)
    await expect(longConvGradients(backend, undefined as never)).rejects.toThrow(ConfigError)
  })

  it('stops when it is told to', async () => {
    expect(await refused({ signal: AbortSignal.abort(new Error('enough')) })).toEqual(new Error('enough'))
  })
})
