import { FormatError } from '../../errors.ts'
import { brief, isRecord } from './json.ts'

/** A model's `config.json`, with errors that name the file and the key. */
export class ModelConfig {
  readonly where: string
  readonly values: Readonly<Record<string, unknown>>

  constructor(where: string, values: Readonly<Record<string, unknown>>) {
    this.where = where
    this.values = values
  }

  /** @throws FormatError if the text is not a JSON object */
  static parse(text: string, where: string): ModelConfig {
    let values: unknown
    try {
      values = JSON.parse(text)
    } catch (cause) {
      throw new FormatError({ where, what: `not JSON: ${cause instanceof Error ? cause.message : cause}`, cause })
    }
    if (!isRecord(values))
      throw new FormatError({ where, what: 'model configuration', expected: 'a JSON object', got: brief(values) })
    return new ModelConfig(where, values)
  }

  get modelType(): string | undefined {
    const type = this.values['model_type']
    return typeof type === 'string' ? type : undefined
  }

  /** A positive integer under `key`, or undefined where the key is absent. */
  optionalCount(key: string): number | undefined {
    const value = this.values[key]
    if (value === undefined || value === null) return undefined
    if (!Number.isSafeInteger(value) || (value as number) < 1) return this.fail(key, 'a positive integer', value)
    return value as number
  }

  count(key: string): number {
    return this.optionalCount(key) ?? this.fail(key, 'a positive integer', 'nothing')
  }

  /** The object under `key` as a configuration of its own. */
  section(key: string): ModelConfig | undefined {
    const value = this.values[key]
    return isRecord(value) ? new ModelConfig(`${this.where} ${key}`, value) : undefined
  }

  fail(key: string, expected: string, got: unknown): never {
    throw new FormatError({ where: this.where, what: key, expected, got: brief(got) })
  }
}
