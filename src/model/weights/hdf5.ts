import { FormatError } from '../../errors.ts'
import {
  countElements,
  type DType,
  dtypeBytes,
  type RawTensor,
  type RawWeights,
  valuesAsFloat32,
} from './raw-tensor.ts'

/** What an HDF5 file holds, as far as Keras writes: datasets by their paths, and the root's attributes that are text. */
export interface Hdf5File extends RawWeights {
  readonly attributes: ReadonlyMap<string, string>
}

export const hdf5Signature = '\x89HDF\r\n\x1a\n'
/** Groups, datasets and blocks that a file may have: damaged ones could lead in circles. */
const maxObjects = 100_000
const maxDepth = 16
const undefinedAddress = 2 ** 64 - 1

const messages = { dataspace: 1, datatype: 3, layout: 8, filters: 11, attribute: 12, continuation: 16, symbolTable: 17 }

interface Message {
  readonly type: number
  readonly start: number
  readonly end: number
}

/**
 * Reads an HDF5 file in the form that h5py and Keras write by default: superblock 0 or 1, groups as symbol tables, object
 * headers of version 1, contiguous little-endian floats, text attributes (HDF5 file format specification, version 1.1).
 * Nothing is read beyond the file, and no address is followed twice.
 *
 * @throws FormatError with the offset where it is damaged, or of another form
 */
export function parseHdf5(bytes: Uint8Array, where: string): Hdf5File {
  return new Hdf5Reader(bytes, where).read()
}

class Hdf5Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #where: string
  readonly #seen = new Set<number>()
  readonly #tensors = new Map<string, RawTensor>()
  #dataBytes = 0

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#where = where
  }

  read(): Hdf5File {
    const version = this.#u8(8)
    if (version > 1 || this.#u8(13) !== 8 || this.#u8(14) !== 8)
      throw this.#fail(8, 'an HDF5 file of a form that is not read here', 'superblock 0 with addresses of 8 bytes')
    const rootEntry = 24 + (version === 1 ? 4 : 0) + 32
    const root = this.#u64(rootEntry + 8)
    const attributes = new Map<string, string>()
    const header = this.#messages(root)
    for (const message of header) if (message.type === messages.attribute) this.#addAttribute(message, attributes)
    this.#addObject(header, root, '', 0)
    return { where: this.#where, attributes, tensors: this.#tensors, dataBytes: this.#dataBytes }
  }

  #fail(offset: number, what: string, expected?: string, got?: string): FormatError {
    return new FormatError({ where: `${this.#where} at offset ${offset}`, what, expected, got })
  }

  /** Checks that bytes [offset, offset + length) are in the file. */
  #need(offset: number, length: number): number {
    if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > this.#bytes.length)
      throw new FormatError({
        where: this.#where,
        what: 'damaged or truncated HDF5 file',
        expected: `an address within its ${this.#bytes.length} bytes`,
        got: `${offset}`,
      })
    return offset
  }
  #u8 = (offset: number): number => this.#view.getUint8(this.#need(offset, 1))
  #u16 = (offset: number): number => this.#view.getUint16(this.#need(offset, 2), true)
  #u32 = (offset: number): number => this.#view.getUint32(this.#need(offset, 4), true)
  #u64 = (offset: number): number => Number(this.#view.getBigUint64(this.#need(offset, 8), true))

  #expect(offset: number, signature: string): void {
    this.#need(offset, signature.length)
    const got = String.fromCharCode(...this.#bytes.subarray(offset, offset + signature.length))
    if (got !== signature) throw this.#fail(offset, 'damaged HDF5 file', signature)
  }

  /** Each block is read once: an address that comes again is a circle. */
  #visit(offset: number): void {
    if (this.#seen.has(offset) || this.#seen.size >= maxObjects)
      throw this.#fail(offset, 'damaged HDF5 file', 'a block that is referred to once')
    this.#seen.add(offset)
  }

  /** The messages of an object header of version 1. */
  #messages(address: number): Message[] {
    this.#visit(address)
    if (this.#u8(address) !== 1)
      throw this.#fail(address, 'an HDF5 file of a form that is not read here', 'an object header of version 1')
    const count = this.#u16(address + 2)
    const blocks = [{ start: address + 16, length: this.#u32(address + 8) }]
    const found: Message[] = []
    for (let block = blocks.shift(); block; block = blocks.shift()) {
      const blockEnd = this.#need(block.start, block.length) + block.length
      for (let at = block.start; at + 8 <= blockEnd && found.length < count; ) {
        const message = { type: this.#u16(at), start: at + 8, end: at + 8 + this.#u16(at + 2) }
        if (message.end > blockEnd) throw this.#fail(at, 'damaged HDF5 file', 'a message within its block')
        found.push(message)
        at = message.end
        if (message.type !== messages.continuation) continue
        const start = this.#u64(message.start)
        this.#visit(start)
        blocks.push({ start, length: this.#u64(message.start + 8) })
      }
    }
    return found
  }

  #addObject(header: readonly Message[], address: number, path: string, depth: number): void {
    const find = (type: number): Message | undefined => header.find((message) => message.type === type)
    const table = find(messages.symbolTable)
    if (table) {
      if (depth > maxDepth) throw this.#fail(address, 'groups lie too deep', `at most ${maxDepth}`)
      for (const { name, target } of this.#entries(this.#u64(table.start), this.#u64(table.start + 8)))
        this.#addObject(this.#messages(target), target, path === '' ? name : `${path}/${name}`, depth + 1)
      return
    }
    const [space, type, layout] = [find(messages.dataspace), find(messages.datatype), find(messages.layout)]
    if (space && type && layout) this.#addDataset(path, { space, type, layout, isPacked: !!find(messages.filters) })
  }

  /** Names and object headers of a group. */
  #entries(tree: number, heap: number): { name: string; target: number }[] {
    this.#visit(heap)
    this.#expect(heap, 'HEAP')
    const namesBytes = this.#u64(heap + 8)
    const names = this.#need(this.#u64(heap + 24), namesBytes)
    const found: { name: string; target: number }[] = []
    const nodes = [tree]
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      this.#visit(node)
      this.#expect(node, 'TREE')
      const isLeaf = this.#u8(node + 5) === 0
      for (let i = 0, used = this.#u16(node + 6); i < used; i++) {
        const child = this.#u64(node + 32 + 16 * i)
        if (!isLeaf) {
          nodes.push(child)
          continue
        }
        this.#visit(child)
        this.#expect(child, 'SNOD')
        for (let j = 0, symbols = this.#u16(child + 6); j < symbols; j++) {
          const nameOffset = this.#u64(child + 8 + 40 * j)
          if (nameOffset >= namesBytes) throw this.#fail(child, 'damaged HDF5 file', 'a name within its heap')
          const name = this.#text(names + nameOffset, names + namesBytes)
          found.push({ name, target: this.#u64(child + 16 + 40 * j) })
        }
      }
    }
    return found
  }

  /** Text from `start` to a zero byte or `end`. */
  #text(start: number, end: number): string {
    const zero = this.#bytes.subarray(start, end).indexOf(0)
    return new TextDecoder().decode(this.#bytes.subarray(start, zero < 0 ? end : start + zero))
  }

  #shape({ start }: Message): number[] {
    const version = this.#u8(start)
    const first = start + (version === 1 ? 8 : 4)
    return Array.from({ length: this.#u8(start + 1) }, (_, i) => this.#u64(first + 8 * i))
  }

  #dtype({ start }: Message): DType | undefined {
    const [kind, isBigEndian, size] = [this.#u8(start) & 15, this.#u8(start + 1) & 1, this.#u32(start + 4)]
    if (kind !== 1 || isBigEndian) return undefined
    return ({ 2: 'F16', 4: 'F32', 8: 'F64' } as const)[size as 2 | 4 | 8]
  }

  #addDataset(path: string, parts: { space: Message; type: Message; layout: Message; isPacked: boolean }): void {
    const { layout, isPacked } = parts
    const shape = this.#shape(parts.space)
    const elementCount = countElements(shape)
    const dtype = this.#dtype(parts.type)
    const where = `${this.#where} dataset ${path}`
    if (elementCount === undefined) throw new FormatError({ where, what: 'bad shape', got: `[${shape}]` })
    const isContiguous = this.#u8(layout.start) === 3 && this.#u8(layout.start + 1) === 1
    if (dtype === undefined || !isContiguous || isPacked) return // not what Keras writes weights as
    const byteCount = elementCount * dtypeBytes[dtype]
    const address = this.#u64(layout.start + 2)
    if (address === undefinedAddress && elementCount > 0) throw new FormatError({ where, what: 'it has no values' })
    const start = elementCount === 0 ? 0 : this.#need(address, byteCount)
    const data = this.#bytes.subarray(start, start + byteCount)
    this.#dataBytes += byteCount
    const read = (): Float32Array => valuesAsFloat32(data, dtype, elementCount) as Float32Array
    this.#tensors.set(path, { dtype, shape, elementCount, read })
  }

  /** Keeps an attribute that is one piece of text. */
  #addAttribute({ start }: Message, attributes: Map<string, string>): void {
    const version = this.#u8(start)
    const [nameBytes, typeBytes, spaceBytes] = [2, 4, 6].map((offset) => this.#u16(start + offset))
    const padded = (count: number): number => (version === 1 ? Math.ceil(count / 8) * 8 : count)
    const nameStart = start + (version === 3 ? 9 : 8)
    const typeStart = nameStart + padded(nameBytes)
    const valueStart = typeStart + padded(typeBytes) + padded(spaceBytes)
    const name = this.#text(this.#need(nameStart, nameBytes), nameStart + nameBytes)
    const kind = this.#u8(typeStart) & 15
    if (kind === 3) {
      const length = this.#u32(typeStart + 4)
      attributes.set(name, this.#text(this.#need(valueStart, length), valueStart + length))
    } else if (kind === 9 && (this.#u8(typeStart + 1) & 15) === 1) {
      const length = this.#u32(valueStart)
      const value = this.#heapObject(this.#u64(valueStart + 4), this.#u32(valueStart + 12), length)
      attributes.set(name, this.#text(value, value + length))
    }
  }

  /** Where an object of a global heap begins. */
  #heapObject(heap: number, index: number, length: number): number {
    this.#expect(heap, 'GCOL')
    const end = this.#need(heap, this.#u64(heap + 8)) + this.#u64(heap + 8)
    for (let at = heap + 16; at + 16 <= end; ) {
      const size = this.#u64(at + 8)
      if (this.#u16(at) === index) {
        if (length > size) throw this.#fail(at, 'damaged HDF5 file', `text of at most ${size} bytes`, `${length}`)
        return this.#need(at + 16, length)
      }
      at += 16 + Math.ceil(size / 8) * 8
    }
    throw this.#fail(heap, 'damaged HDF5 file', `object ${index} in the heap`)
  }
}
