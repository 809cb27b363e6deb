import { ConfigError, RegionError, ShapeError } from './errors.ts'

/**
 * Checks at the door of public functions: values that callers without types, or with computed ones, get wrong. Each
 * gives back what it was given.
 */

/** How a value reads in an error: text quoted, long things cut. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}...` : value}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`
}

/** @throws ConfigError unless `value` is undefined or a whole number from `least` to `most` */
export function expectWhole<T extends number | undefined>(
  option: string,
  value: T,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: { readonly least?: number; readonly most?: number } = {},
): T {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new ConfigError({ option, what: 'bad value', expected: `a whole number ${range}`, got: show(value) })
}

/** @throws ConfigError unless `value` is undefined or a number from `least` to `most`; infinity only where `most` is */
export function expectNumber<T extends number | undefined>(
  option: string,
  value: T,
  { least, most }: { readonly least: number; readonly most: number },
): T {
  if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return value
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`
  throw new ConfigError({ option, what: 'bad value', expected: `a number ${range}`, got: show(value) })
}

/** @throws ConfigError unless `value` is undefined or one of `choices` */
export function expectChoice<T>(option: string, value: T, choices: readonly unknown[]): T {
  if (value === undefined || choices.includes(value)) return value
  throw new ConfigError({ option, what: 'bad value', expected: `one of ${choices.join(', ')}`, got: show(value) })
}

/** @throws ConfigError unless `value` is text with something in it */
export function expectText(option: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ConfigError({ option, what: 'bad value', expected: 'text', got: value === '' ? 'nothing' : show(value) })
}

/** @throws ConfigError unless `value` is undefined or an array whose items are all text */
export function expectTexts<T extends readonly string[] | undefined>(option: string, value: T): T {
  if (value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string'))) return value
  throw new ConfigError({ option, what: 'bad value', expected: 'an array of strings', got: show(value) })
}

/** @throws ConfigError unless `value` is undefined or a function */
export function expectFunction<T>(option: string, value: T): T {
  if (value === undefined || typeof value === 'function') return value
  throw new ConfigError({ option, what: 'bad value', expected: 'a function', got: show(value) })
}

/** @throws ConfigError unless `value` is undefined or can be listened to and asked as an AbortSignal */
export function expectSignal<T extends AbortSignal | undefined>(value: T): T {
  if (value === undefined || (typeof value === 'object' && typeof value?.addEventListener === 'function')) return value
  throw new ConfigError({ option: 'signal', what: 'bad value', expected: 'an AbortSignal', got: show(value) })
}

/**
 * Checks that `value` is what another function of the library made, by a method of it.
 *
 * @throws ConfigError where it is not
 */
export function expectMade<T>(where: string, value: T, method: keyof T & string, made: string): T {
  if (typeof (value as Record<string, unknown> | undefined | null)?.[method] === 'function') return value
  throw new ConfigError({ where, what: 'missing or not usable', expected: made, got: show(value) })
}

/** @throws ConfigError unless `value` is undefined or an object with named options in it */
export function expectOptions<T extends object | undefined>(where: string, value: T): T {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return value
  throw new ConfigError({ where, what: 'not a set of options', expected: 'an object', got: show(value) })
}

/** @throws ShapeError unless `value` is a Float32Array, of `length` values where that is given */
export function expectFloat32(where: string, name: string, value: Float32Array, length?: number): Float32Array {
  if (!(value instanceof Float32Array))
    throw new ShapeError({ where, what: `${name} does not fit`, expected: 'a Float32Array', got: show(value) })
  if (length !== undefined && value.length !== length)
    throw new ShapeError({ where, what: `${name} does not fit`, expected: `${length} values`, got: `${value.length}` })
  return value
}

interface RegionLike {
  readonly contig: string
  readonly start: number
  readonly end: number
  readonly name?: string
  readonly strand?: '+' | '-'
}

/**
 * Checks a region by itself, `contig[start, end)` with 0-based coordinates; whether the contig has it is the genome's to say.
 *
 * @throws RegionError where it cannot be one
 */
export function expectRegion<T extends RegionLike>(region: T): T {
  if (typeof region !== 'object' || region === null || typeof region.contig !== 'string')
    throw new RegionError({ where: show(region), what: 'not a region', expected: '{ contig, start, end }' })
  const { contig, start, end, name, strand } = region
  const where = `${contig}:${show(start)}-${show(end)}`
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start)
    throw new RegionError({
      where,
      what: 'not a region',
      expected: 'whole numbers, 0 <= start < end',
      got: `${show(start)}, ${show(end)}`,
    })
  if (strand !== undefined && strand !== '+' && strand !== '-')
    throw new RegionError({ where, what: 'unknown strand', expected: '+ or -', got: show(strand) })
  if (name !== undefined && typeof name !== 'string')
    throw new RegionError({ where, what: 'its name is not text', got: show(name) })
  return region
}
