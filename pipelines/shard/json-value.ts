import { FormatError } from '../../src/errors.ts'
import { brief, isRecord } from '../../src/model/weights/json.ts'

/** Reads one field of an object: the value checked, or a FormatError. */
export type Reader<T> = (value: JsonValue) => T

/**
 * A value of parsed JSON that is not trusted, and where it stands. Each method gives the value checked.
 *
 * @throws FormatError that names the file and the field, e.g. `manifest.json shards[3].regions[0].end`
 */
export class JsonValue {
  readonly value: unknown
  readonly #file: string
  readonly #parent: JsonValue | undefined
  readonly #key: string | number

  constructor(file: string, value: unknown, parent?: JsonValue, key: string | number = '') {
    this.#file = file
    this.value = value
    this.#parent = parent
    this.#key = key
  }

  /** Any string. */
  text(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a text')
  }

  /** A string that can be a name or a path: not empty, without NUL. */
  name(): string {
    const { value } = this
    return typeof value === 'string' && value !== '' && !value.includes('\0')
      ? value
      : this.fail('a text that is not empty and has no NUL')
  }

  /** SHA-256 in lower-case hex. */
  sha256(): string {
    const { value } = this
    return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
      ? value
      : this.fail('a SHA-256 of 64 lower-case hex digits')
  }

  whole(least: number, most = Number.MAX_SAFE_INTEGER): number {
    const { value } = this
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    return this.fail(`a whole number ${range}`)
  }

  /** A finite number. */
  number(least: number, most: number): number {
    const { value } = this
    return typeof value === 'number' && value >= least && value <= most
      ? value
      : this.fail(`a number from ${least} to ${most}`)
  }

  boolean(): boolean {
    return this.oneOf(true, false)
  }

  oneOf<const T>(...allowed: readonly T[]): T {
    const found = allowed.find((one) => one === this.value)
    return found ?? this.fail(`one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}`)
  }

  optional<T>(read: Reader<T>): T | undefined {
    return this.value === undefined ? undefined : read(this)
  }

  list<T>(read: Reader<T>): T[] {
    const { value } = this
    if (!Array.isArray(value)) return this.fail('a list')
    return value.map((item, i) => read(new JsonValue(this.#file, item, this, i)))
  }

  has(key: string): boolean {
    return isRecord(this.value) && Object.hasOwn(this.value, key)
  }

  /** A new object with the fields of `readers`, in their order; a field that none of them reads is an error. */
  object<T>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }): T {
    const { value } = this
    if (!isRecord(value)) return this.fail('an object')
    for (const key of Object.keys(value)) if (!Object.hasOwn(readers, key)) this.#at(key).#unknown()
    const out: Record<string, unknown> = {}
    for (const key in readers) out[key] = readers[key](this.#at(key))
    return out as T
  }

  fail(expected: string): never {
    const got = this.value === undefined ? 'nothing' : brief(this.value)
    throw new FormatError({ where: this.#where, what: 'bad value', expected, got, remedy: 'plan again' })
  }

  #unknown(): never {
    throw new FormatError({ where: this.#where, what: 'unknown field', remedy: 'plan again' })
  }

  #at(key: string): JsonValue {
    const value = this.value as Record<string, unknown>
    return new JsonValue(this.#file, Object.hasOwn(value, key) ? value[key] : undefined, this, key)
  }

  get #where(): string {
    return this.#parent ? `${this.#file} ${this.#path}` : this.#file
  }

  get #path(): string {
    const parent = this.#parent
    const key = this.#key
    if (!parent) return ''
    if (typeof key === 'number') return `${parent.#path}[${key}]`
    return parent.#parent ? `${parent.#path}.${brief(key)}` : brief(key)
  }
}
