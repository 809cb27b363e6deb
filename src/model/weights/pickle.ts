import { FormatError } from '../../errors.ts'
import { PickleReader } from './pickle-reader.ts'

/**
 * A pickle machine for weights files: the binary opcodes that protocols 2 to 5 write, and no way to reach any code.
 * What a pickle names as a global is looked up in the caller's allow-list; "calling" it runs the caller's constructor of
 * plain data. Text opcodes (protocols 0 and 1), the extension registry and out-of-band buffers are refused.
 *
 * Why not a general pickle library: pickleparser 0.2.1 loops forever on six bytes (BINBYTES of length -6), takes more
 * than a minute over one 2 MB LONG4, and spreads arrays of any length (docs/adr/pickle-machine.md). Opcodes after Python's pickletools.
 */

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

/** Bounds that no real checkpoint comes near: large-1m's pickle is under 100 kB. */
const maxPickleBytes = 16 * 2 ** 20
const maxContainers = 500_000

const mark = Symbol('mark')

/**
 * @param bytes the pickle
 * @param where its name in errors, e.g. `model.pt data.pkl`
 * @returns the root value: tuples and lists as arrays, dictionaries as Map, sets as arrays, the rest as JavaScript has it
 * @throws FormatError naming the opcode's offset, or the global that is refused
 */
export function parsePickle(bytes: Uint8Array, where: string, world: PickleWorld): unknown {
  if (bytes.length > maxPickleBytes) {
    throw new FormatError({
      where,
      what: 'pickle too large',
      expected: `at most ${maxPickleBytes} bytes`,
      got: `${bytes.length}`,
    })
  }
  const reader = new PickleReader(bytes, where)
  const stack: unknown[] = []
  const memo = new Map<number, unknown>()
  let containerCount = 0
  let opcodeOffset = 0
  const fail: (what: string) => never = (what) => {
    throw new FormatError({ where: `${where} offset ${opcodeOffset}`, what: `not a pickle of weights: ${what}` })
  }
  const pop = (): unknown => {
    if (stack.length === 0 || stack[stack.length - 1] === mark) return fail('nothing to take from the stack')
    return stack.pop()
  }
  const top = (): unknown => (stack.length === 0 ? fail('the stack is empty') : stack[stack.length - 1])
  const popToMark = (): unknown[] => {
    const at = stack.lastIndexOf(mark)
    if (at < 0) return fail('no mark on the stack')
    const items = stack.splice(at)
    items.shift()
    return items
  }
  const pushContainer = (value: unknown): void => {
    if (++containerCount > maxContainers) fail(`more than ${maxContainers} objects`)
    stack.push(value)
  }
  const call = (callee: unknown, args: unknown): void => {
    if (!(callee instanceof PickleGlobal)) fail('calls something that is not a global')
    if (!Array.isArray(args)) fail(`calls ${callee.name} without arguments`)
    pushContainer(callee.construct ? callee.construct(args) : new PickleObject(callee, args))
  }
  const memoized = (index: number): unknown => (memo.has(index) ? memo.get(index) : fail(`no memo ${index}`))
  const setItems = (items: readonly unknown[]): void => {
    const target = top()
    let map = target
    if (target instanceof PickleObject) map = target.state ??= new Map()
    if (!(map instanceof Map) || items.length % 2) fail('sets items on something that is not a dictionary')
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1])
  }
  const appendItems = (items: readonly unknown[]): void => {
    const target = top()
    let list = target
    if (target instanceof PickleObject) list = target.state ??= []
    if (!Array.isArray(list)) fail('appends to something that is not a list')
    for (const item of items) list.push(item)
  }

  for (;;) {
    opcodeOffset = reader.offset
    const opcode = reader.uint(1)
    switch (opcode) {
      case 0x80:
        if (reader.uint(1) > 5) fail('protocol beyond 5')
        break // PROTO
      case 0x95:
        reader.uint(8)
        break // FRAME
      case 0x2e: {
        // STOP
        const root = pop()
        return stack.length ? fail('values left on the stack') : root
      }
      case 0x28:
        stack.push(mark)
        break // MARK
      case 0x30:
        if (stack.pop() === undefined) fail('nothing to take from the stack')
        break // POP
      case 0x31:
        popToMark()
        break // POP_MARK
      case 0x32: {
        const value = top()
        stack.push(value === mark ? fail('copies a mark') : value)
        break
      } // DUP

      case 0x71:
        memo.set(reader.uint(1), top())
        break // BINPUT
      case 0x72:
        memo.set(reader.uint(4), top())
        break // LONG_BINPUT
      case 0x94:
        memo.set(memo.size, top())
        break // MEMOIZE
      case 0x68:
        stack.push(memoized(reader.uint(1)))
        break // BINGET
      case 0x6a:
        stack.push(memoized(reader.uint(4)))
        break // LONG_BINGET

      case 0x4e:
        stack.push(null)
        break // NONE
      case 0x88:
        stack.push(true)
        break // NEWTRUE
      case 0x89:
        stack.push(false)
        break // NEWFALSE
      case 0x4a:
        stack.push(reader.uint(4) | 0)
        break // BININT
      case 0x4b:
        stack.push(reader.uint(1))
        break // BININT1
      case 0x4d:
        stack.push(reader.uint(2))
        break // BININT2
      case 0x8a:
        stack.push(reader.longInteger(reader.uint(1)))
        break // LONG1
      case 0x8b:
        stack.push(reader.longInteger(reader.uint(4)))
        break // LONG4
      case 0x47:
        stack.push(reader.bigEndianFloat64())
        break // BINFLOAT

      case 0x58:
        stack.push(reader.text(reader.uint(4)))
        break // BINUNICODE
      case 0x8c:
        stack.push(reader.text(reader.uint(1)))
        break // SHORT_BINUNICODE
      case 0x8d:
        stack.push(reader.text(reader.uint(8)))
        break // BINUNICODE8
      case 0x54:
        stack.push(reader.text(reader.uint(4)))
        break // BINSTRING
      case 0x55:
        stack.push(reader.text(reader.uint(1)))
        break // SHORT_BINSTRING
      case 0x42:
        pushContainer(reader.take(reader.uint(4)))
        break // BINBYTES
      case 0x43:
        pushContainer(reader.take(reader.uint(1)))
        break // SHORT_BINBYTES
      case 0x8e:
      case 0x96:
        pushContainer(reader.take(reader.uint(8)))
        break // BINBYTES8, BYTEARRAY8

      case 0x29:
      case 0x5d:
      case 0x8f:
        pushContainer([])
        break // EMPTY_TUPLE, EMPTY_LIST, EMPTY_SET
      case 0x85:
        pushContainer([pop()])
        break // TUPLE1
      case 0x86: {
        const b = pop()
        pushContainer([pop(), b])
        break
      } // TUPLE2
      case 0x87: {
        const c = pop()
        const b = pop()
        pushContainer([pop(), b, c])
        break
      } // TUPLE3
      case 0x74:
      case 0x6c:
      case 0x91:
        pushContainer(popToMark())
        break // TUPLE, LIST, FROZENSET
      case 0x61: {
        const item = pop()
        appendItems([item])
        break
      } // APPEND
      case 0x65:
      case 0x90: {
        const items = popToMark()
        appendItems(items)
        break
      } // APPENDS, ADDITEMS
      case 0x7d:
        pushContainer(new Map())
        break // EMPTY_DICT
      case 0x64: {
        const items = popToMark()
        pushContainer(new Map())
        setItems(items)
        break
      } // DICT
      case 0x73: {
        const value = pop()
        const key = pop()
        setItems([key, value])
        break
      } // SETITEM
      case 0x75: {
        const items = popToMark()
        setItems(items)
        break
      } // SETITEMS

      case 0x63: {
        const module = reader.line()
        stack.push(world.findGlobal(`${module}.${reader.line()}`))
        break
      } // GLOBAL
      case 0x93: {
        // STACK_GLOBAL
        const name = pop()
        const module = pop()
        if (typeof name !== 'string' || typeof module !== 'string') fail('a global without a name')
        stack.push(world.findGlobal(`${module}.${name}`))
        break
      }
      case 0x51: {
        const id = pop()
        pushContainer(world.findPersistent(id))
        break
      } // BINPERSID
      case 0x52:
      case 0x81: {
        const args = pop()
        call(pop(), args)
        break
      } // REDUCE, NEWOBJ
      case 0x92: {
        pop()
        const args = pop()
        call(pop(), args)
        break
      } // NEWOBJ_EX: keyword arguments are not needed
      case 0x62: {
        // BUILD
        const state = pop()
        const target = top()
        // On our own data (an OrderedDict of tensors carries `_metadata`) the state says nothing about the weights.
        if (target instanceof PickleObject) target.state = target.state === undefined ? state : [target.state, state]
        break
      }
      default:
        fail(`opcode 0x${opcode.toString(16).padStart(2, '0')}, which torch.save does not write`)
    }
  }
}
