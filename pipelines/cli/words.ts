import { ConfigError } from '../../src/errors.ts'

/** What yargs read: a value, several, or none, under each option's name. */
export type Argv = Readonly<Record<string, unknown>>

/** The words of one command: every command reads its values through this, and in this way only. */
export class Words {
  readonly #argv: Argv

  constructor(argv: Argv) {
    this.#argv = argv
  }

  /** Every value of an option that may be given several times. */
  all(name: string): string[] {
    const value = this.#argv[name]
    return value === undefined ? [] : [value].flat().map(String)
  }

  /** The value, or undefined where there is none. @throws ConfigError where there are two */
  one(name: string): string | undefined {
    const values = this.all(name)
    if (values.length > 1)
      throw new ConfigError({ where: `--${name}`, what: 'given twice', expected: 'once', got: values.join(' and ') })
    return values[0]
  }

  /** The value as `parse` reads it, or undefined where there is none. */
  parsed<T>(name: string, parse: (option: string, value: string) => T): T | undefined {
    const value = this.one(name)
    return value === undefined ? undefined : parse(`--${name}`, value)
  }

  /** The value of a word that yargs has seen to be there. */
  needed(name: string): string {
    const value = this.one(name)
    if (value === undefined) throw new ConfigError({ where: name, what: 'missing' })
    return value
  }

  isOn(name: string): boolean {
    return this.#argv[name] === true
  }
}
