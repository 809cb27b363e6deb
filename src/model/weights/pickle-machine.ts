import { FormatError } from '../../errors.ts'
import { PickleReader } from './pickle-reader.ts'
import { PickleGlobal, PickleObject, type PickleWorld } from './pickle-values.ts'

/** A bound that no real checkpoint comes near. */
const maxContainers = 500_000

const mark = Symbol('mark')

/** The stack and the memo of a pickle; every step is checked, and bounded. */
export class PickleMachine {
  readonly reader: PickleReader
  readonly world: PickleWorld
  /** Of the opcode that is being run. */
  opcodeOffset = 0
  readonly #where: string
  readonly #stack: unknown[] = []
  readonly #memo = new Map<number, unknown>()
  #containerCount = 0

  constructor(bytes: Uint8Array, where: string, world: PickleWorld) {
    this.reader = new PickleReader(bytes, where)
    this.#where = where
    this.world = world
  }

  get stackSize(): number {
    return this.#stack.length
  }

  fail(what: string): never {
    throw new FormatError({
      where: `${this.#where} offset ${this.opcodeOffset}`,
      what: `not a pickle of weights: ${what}`,
    })
  }

  push(value: unknown): void {
    this.#stack.push(value)
  }

  pushMark(): void {
    this.#stack.push(mark)
  }

  pushContainer(value: unknown): void {
    if (++this.#containerCount > maxContainers) this.fail(`more than ${maxContainers} objects`)
    this.#stack.push(value)
  }

  pop(): unknown {
    if (this.#stack.length === 0 || this.#stack.at(-1) === mark) return this.fail('nothing to take from the stack')
    return this.#stack.pop()
  }

  /** The topmost values, as many as `count`, in the order in which they were pushed. */
  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse()
  }

  popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark)
    if (at < 0) return this.fail('no mark on the stack')
    const items = this.#stack.splice(at)
    items.shift()
    return items
  }

  /** Takes what is there, a mark too. */
  drop(): void {
    if (this.#stack.pop() === undefined) this.fail('nothing to take from the stack')
  }

  top(): unknown {
    return this.#stack.length === 0 ? this.fail('the stack is empty') : this.#stack.at(-1)
  }

  duplicate(): void {
    const value = this.top()
    this.#stack.push(value === mark ? this.fail('copies a mark') : value)
  }

  memoize(index = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  pushMemoized(index: number): void {
    this.#stack.push(this.#memo.has(index) ? this.#memo.get(index) : this.fail(`no memo ${index}`))
  }

  pushGlobal(module: unknown, name: unknown): void {
    if (typeof name !== 'string' || typeof module !== 'string') this.fail('a global without a name')
    this.#stack.push(this.world.findGlobal(`${module}.${name}`))
  }

  /** `callee(*args)` of the two topmost values. */
  call(): void {
    const args = this.pop()
    const callee = this.pop()
    if (!(callee instanceof PickleGlobal)) this.fail('calls something that is not a global')
    if (!Array.isArray(args)) this.fail(`calls ${callee.name} without arguments`)
    this.pushContainer(callee.construct ? callee.construct(args) : new PickleObject(callee, args))
  }

  setItems(items: readonly unknown[]): void {
    const target = this.top()
    let map = target
    if (target instanceof PickleObject) map = target.state ??= new Map()
    if (!(map instanceof Map) || items.length % 2) this.fail('sets items on something that is not a dictionary')
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1])
  }

  appendItems(items: readonly unknown[]): void {
    const target = this.top()
    let list = target
    if (target instanceof PickleObject) list = target.state ??= []
    if (!Array.isArray(list)) this.fail('appends to something that is not a list')
    for (const item of items) list.push(item)
  }

  setState(): void {
    const state = this.pop()
    const target = this.top()
    // On our own data (an OrderedDict of tensors carries `_metadata`) the state says nothing about the weights.
    if (target instanceof PickleObject) target.state = target.state === undefined ? state : [target.state, state]
  }
}
