import { ConfigError, ShapeError } from '../../errors.ts'
import { expectFloat32, expectWhole, show } from '../../validate.ts'
import { type FrequencyMask, maskedTaps } from './frequency-mask.ts'

/** What the public functions of the long convolution check alike; `where` is the one that was called. */
interface Given {
  readonly input: Float32Array
  readonly filter: Float32Array
  readonly channelCount: number
  readonly batch?: number
  readonly alignment?: 'causal' | 'two-sided' | number
  readonly pre?: Float32Array
  readonly post?: Float32Array
  readonly skip?: Float32Array
  readonly filterLength?: number
}

interface GivenFilter extends Given {
  readonly frequencySparsity?: number
  readonly frequencyMask?: FrequencyMask
  readonly plan?: object
}

export interface Shapes {
  readonly length: number
  readonly givenTaps: number
}

export function shapesOf(where: string, o: Given): Shapes {
  const { channelCount, batch = 1 } = o
  expectWhole('channelCount', channelCount ?? Number.NaN, { least: 1 })
  expectWhole('batch', batch, { least: 1 })
  const per = (what: string, array: Float32Array, rows: number): number => {
    expectFloat32(where, what, array)
    if (array.length > 0 && array.length % rows === 0) return array.length / rows
    throw new ShapeError({
      where,
      what: `${what} does not fit`,
      expected: `a multiple of ${rows} values`,
      got: `${array.length}`,
    })
  }
  const length = per('input', o.input, batch * channelCount)
  const givenTaps = per('filter', o.filter, channelCount)
  if (o.pre) expectFloat32(where, 'pre', o.pre, o.input.length)
  if (o.post) expectFloat32(where, 'post', o.post, o.input.length)
  if (o.skip) expectFloat32(where, 'skip', o.skip, channelCount)
  return { length, givenTaps }
}

/** How many taps are used, and which of them multiplies the position itself. */
function alignmentOf(where: string, o: Given, { givenTaps }: Shapes): { filterLength: number; centerTap: number } {
  const used = o.filterLength ?? givenTaps
  expectWhole('filterLength', used, { least: 1 })
  const filterLength = Math.min(used, givenTaps)
  const alignment = o.alignment ?? 'causal'
  const isTwoSided = alignment === 'two-sided'
  const centerTap = isTwoSided ? (filterLength - 1) / 2 : alignment === 'causal' ? 0 : alignment
  if (!Number.isInteger(centerTap) || centerTap < 0 || centerTap >= filterLength) {
    const expected = isTwoSided ? 'an odd number of taps' : `alignment in 0 .. ${filterLength - 1}`
    throw new ConfigError({
      where,
      what: 'no tap stands at the position itself',
      expected,
      got: show(isTwoSided ? filterLength : centerTap),
    })
  }
  return { filterLength, centerTap }
}

export interface FilterParts {
  readonly taps: Float32Array // [channelCount, filterLength]
  /** Which tap of the filter given is tap 0 here. */
  readonly firstTap: number
  readonly centerTap: number
  readonly filterLength: number
}

/** The taps that can meet an input: cut to `filterLength`, masked, and without those farther from the centre than the input is long. */
export function filterOf(where: string, o: GivenFilter, shapes: Shapes): FilterParts {
  const { length, givenTaps } = shapes
  const { filterLength, centerTap } = alignmentOf(where, o, shapes)
  const taps = columns(o.filter, givenTaps, 0, filterLength)
  if (o.frequencyMask !== undefined) {
    if (!(o.frequencyMask instanceof Float32Array || o.frequencyMask instanceof Float64Array))
      throw new ConfigError({
        option: 'frequencyMask',
        what: 'bad value',
        expected: 'a Float32Array',
        got: show(o.frequencyMask),
      })
    if (o.frequencySparsity) {
      throw new ConfigError({
        where,
        what: 'frequencyMask and frequencySparsity were both given',
        remedy: 'give one of them',
      })
    }
    const masked = maskedTaps(taps, o.channelCount, centerTap, o.frequencyMask, length)
    return { taps: masked, firstTap: 0, centerTap: length - 1, filterLength: 2 * length - 1 }
  }
  if (o.plan || o.frequencySparsity) return { taps, firstTap: 0, centerTap, filterLength }
  const firstTap = Math.max(0, centerTap - length + 1)
  const end = Math.min(filterLength, centerTap + length)
  return {
    taps: columns(taps, filterLength, firstTap, end),
    firstTap,
    centerTap: centerTap - firstTap,
    filterLength: end - firstTap,
  }
}

/** Columns [start, end) of `[rows, length]`. */
function columns(values: Float32Array, length: number, start: number, end: number): Float32Array {
  if (start === 0 && end === length) return values
  const rows = values.length / length
  const out = new Float32Array(rows * (end - start))
  for (let r = 0; r < rows; r++) out.set(values.subarray(r * length + start, r * length + end), r * (end - start))
  return out
}
