/** What a pickle is made of besides plain data. */

/** A name the pickle refers to, already allowed. Never a JavaScript function of its own. */
export class PickleGlobal {
  readonly name: string
  /** Plain data for `name(*args)`; undefined where the file may name it, but a call of it is kept as it is. */
  readonly construct: ((args: readonly unknown[]) => unknown) | undefined
  constructor(name: string, construct?: (args: readonly unknown[]) => unknown) {
    this.name = name
    this.construct = construct
  }
}

/** An object of an allowed class that we have no use for: its parts as data. */
export class PickleObject {
  readonly global: PickleGlobal
  readonly args: unknown
  /** State set on it, or items put into it (dictionaries as a Map, lists as an array). */
  state: unknown
  constructor(global: PickleGlobal, args: unknown) {
    this.global = global
    this.args = args
  }
}

export interface PickleWorld {
  /** Looks up `module.name` in the allow-list; throws FormatError if it is not there. */
  findGlobal(name: string): PickleGlobal
  /** The object behind a persistent id; throws FormatError. */
  findPersistent(id: unknown): unknown
}
