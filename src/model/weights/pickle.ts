import { FormatError } from '../../errors.ts'
import { PickleMachine } from './pickle-machine.ts'
import type { PickleWorld } from './pickle-values.ts'

/**
 * A pickle machine for weights files: the binary opcodes that protocols 2 to 5 write, and no way to reach any code.
 * What a pickle names as a global is looked up in the caller's allow-list; "calling" it runs the caller's constructor of
 * plain data. Text opcodes (protocols 0 and 1), the extension registry and out-of-band buffers are refused.
 *
 * Why not a general pickle library: pickleparser 0.2.1 loops forever on six bytes (BINBYTES of length -6), takes more
 * than a minute over one 2 MB LONG4, and spreads arrays of any length (docs/adr/pickle-machine.md). Opcodes after Python's pickletools.
 */

/** A bound that no real checkpoint comes near: large-1m's pickle is under 100 kB. */
const maxPickleBytes = 16 * 2 ** 20

const STOP = 0x2e

/** What each opcode does, but for STOP. */
const opcodes: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map<
  number,
  (machine: PickleMachine) => void
>([
  // Around everything: PROTO, FRAME
  [0x80, (m) => m.reader.uint(1) > 5 && m.fail('protocol beyond 5')],
  [0x95, (m) => m.reader.uint(8)],
  // The stack: MARK, POP, POP_MARK, DUP
  [0x28, (m) => m.pushMark()],
  [0x30, (m) => m.drop()],
  [0x31, (m) => m.popToMark()],
  [0x32, (m) => m.duplicate()],
  // The memo: BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m) => m.memoize(m.reader.uint(1))],
  [0x72, (m) => m.memoize(m.reader.uint(4))],
  [0x94, (m) => m.memoize()],
  [0x68, (m) => m.pushMemoized(m.reader.uint(1))],
  [0x6a, (m) => m.pushMemoized(m.reader.uint(4))],
  // Single values: NONE, NEWTRUE, NEWFALSE, BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [0x4a, (m) => m.push(m.reader.uint(4) | 0)],
  [0x4b, (m) => m.push(m.reader.uint(1))],
  [0x4d, (m) => m.push(m.reader.uint(2))],
  [0x8a, (m) => m.push(m.reader.longInteger(m.reader.uint(1)))],
  [0x8b, (m) => m.push(m.reader.longInteger(m.reader.uint(4)))],
  [0x47, (m) => m.push(m.reader.bigEndianFloat64())],
  // Texts: BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, BINSTRING, SHORT_BINSTRING
  [0x58, (m) => m.push(m.reader.text(m.reader.uint(4)))],
  [0x8c, (m) => m.push(m.reader.text(m.reader.uint(1)))],
  [0x8d, (m) => m.push(m.reader.text(m.reader.uint(8)))],
  [0x54, (m) => m.push(m.reader.text(m.reader.uint(4)))],
  [0x55, (m) => m.push(m.reader.text(m.reader.uint(1)))],
  // Bytes: BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  [0x42, (m) => m.pushContainer(m.reader.take(m.reader.uint(4)))],
  [0x43, (m) => m.pushContainer(m.reader.take(m.reader.uint(1)))],
  [0x8e, (m) => m.pushContainer(m.reader.take(m.reader.uint(8)))],
  [0x96, (m) => m.pushContainer(m.reader.take(m.reader.uint(8)))],
  // Tuples, lists and sets: EMPTY_TUPLE, EMPTY_LIST, EMPTY_SET, TUPLE1 to TUPLE3, TUPLE, LIST, FROZENSET
  [0x29, (m) => m.pushContainer([])],
  [0x5d, (m) => m.pushContainer([])],
  [0x8f, (m) => m.pushContainer([])],
  [0x85, (m) => m.pushContainer(m.popMany(1))],
  [0x86, (m) => m.pushContainer(m.popMany(2))],
  [0x87, (m) => m.pushContainer(m.popMany(3))],
  [0x74, (m) => m.pushContainer(m.popToMark())],
  [0x6c, (m) => m.pushContainer(m.popToMark())],
  [0x91, (m) => m.pushContainer(m.popToMark())],
  // What is put into them: APPEND, APPENDS, ADDITEMS
  [0x61, (m) => m.appendItems(m.popMany(1))],
  [0x65, (m) => m.appendItems(m.popToMark())],
  [0x90, (m) => m.appendItems(m.popToMark())],
  // Dictionaries: EMPTY_DICT, DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.pushContainer(new Map())],
  [
    0x64,
    (m) => {
      const items = m.popToMark()
      m.pushContainer(new Map())
      m.setItems(items)
    },
  ],
  [0x73, (m) => m.setItems(m.popMany(2))],
  [0x75, (m) => m.setItems(m.popToMark())],
  // Names and objects: GLOBAL, STACK_GLOBAL, BINPERSID, REDUCE, NEWOBJ, NEWOBJ_EX, BUILD
  [0x63, (m) => m.pushGlobal(m.reader.line(), m.reader.line())],
  [
    0x93,
    (m) => {
      const [module, name] = m.popMany(2)
      m.pushGlobal(module, name)
    },
  ],
  [0x51, (m) => m.pushContainer(m.world.findPersistent(m.pop()))],
  [0x52, (m) => m.call()],
  [0x81, (m) => m.call()],
  [
    0x92,
    (m) => {
      m.pop() // keyword arguments are not needed
      m.call()
    },
  ],
  [0x62, (m) => m.setState()],
])

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
  const machine = new PickleMachine(bytes, where, world)
  for (;;) {
    machine.opcodeOffset = machine.reader.offset
    const opcode = machine.reader.uint(1)
    if (opcode === STOP) {
      const root = machine.pop()
      return machine.stackSize > 0 ? machine.fail('values left on the stack') : root
    }
    const run = opcodes.get(opcode)
    if (!run) return machine.fail(`opcode 0x${opcode.toString(16).padStart(2, '0')}, which torch.save does not write`)
    run(machine)
  }
}
