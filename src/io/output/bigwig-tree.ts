import { LittleEndianWriter } from '../bytes/little-endian.ts'

/** Most items of a node. */
const fanOut = 256

/** A compressed block of values or of summaries: what it covers, and where its bytes lie. */
export interface Block {
  readonly contig: number
  readonly start: number
  readonly end: number
  readonly offset: number
  readonly byteLength: number
}

/** A contig under the number that stands for it. */
export interface NumberedContig {
  readonly name: Uint8Array
  readonly id: number
  readonly length: number
}

interface NodeItems<T> {
  readonly leafBytes: number
  readonly innerBytes: number
  readonly leaf: (out: LittleEndianWriter, item: T) => void
  /** What stands before the offset of a node that holds the items from `first` to `last`. */
  readonly inner: (out: LittleEndianWriter, first: T, last: T) => void
}

/** The nodes of a tree of sorted items, the root first, then level after level; they begin at `at` in the file. */
function treeNodes<T>(items: readonly T[], at: number, kind: NodeItems<T>): Uint8Array {
  // Of each level from the root on: how many items a node has under it, in the whole tree.
  const spans = [fanOut]
  while (spans[0] < items.length) spans.unshift(spans[0] * fanOut)
  const nodeCount = (span: number): number => Math.max(1, Math.ceil(items.length / span))
  const levelBytes = spans.map((span, level) => {
    const isLeaf = level === spans.length - 1
    return (
      4 * nodeCount(span) + (isLeaf ? items.length * kind.leafBytes : nodeCount(spans[level + 1]) * kind.innerBytes)
    )
  })
  const out = new LittleEndianWriter(levelBytes.reduce((sum, bytes) => sum + bytes, 0))
  let nextLevel = at
  spans.forEach((span, level) => {
    nextLevel += levelBytes[level]
    const isLeaf = level === spans.length - 1
    let child = nextLevel
    for (let node = 0; node < nodeCount(span); node++) {
      const from = node * span
      const to = Math.min(items.length, from + span)
      const step = isLeaf ? 1 : spans[level + 1]
      out
        .uint8(isLeaf ? 1 : 0)
        .uint8(0)
        .uint16(Math.ceil((to - from) / step))
      for (let first = from; first < to; first += step) {
        if (isLeaf) {
          kind.leaf(out, items[first])
          continue
        }
        const last = Math.min(to, first + step) - 1
        kind.inner(out, items[first], items[last])
        out.uint64(child)
        const isChildLeaf = level + 1 === spans.length - 1
        const childItems = isChildLeaf ? last + 1 - first : Math.ceil((last + 1 - first) / spans[level + 2])
        child += 4 + childItems * (isChildLeaf ? kind.leafBytes : kind.innerBytes)
      }
    }
  })
  return out.bytes
}

/** The R tree of blocks that are sorted and do not overlap; it begins at `at`, and their bytes end at `dataEnd`. */
export function blockIndex(blocks: readonly Block[], at: number, dataEnd: number): Uint8Array[] {
  const first = blocks.at(0)
  const last = blocks.at(-1)
  const header = new LittleEndianWriter(48)
    .uint32(0x2468ace0, fanOut)
    .uint64(blocks.length)
    .uint32(first?.contig ?? 0, first?.start ?? 0, last?.contig ?? 0, last?.end ?? 0)
    .uint64(dataEnd)
    .uint32(1, 0)
  const nodes = treeNodes(blocks, at + 48, {
    leafBytes: 32,
    innerBytes: 24,
    leaf: (out, { contig, start, end, offset, byteLength }) =>
      out.uint32(contig, start, contig, end).uint64(offset, byteLength),
    inner: (out, from, to) => out.uint32(from.contig, from.start, to.contig, to.end),
  })
  return [header.bytes, nodes]
}

/** The B+ tree of contigs, which are sorted by the bytes of their names; it begins at `at`. */
export function contigTree(contigs: readonly NumberedContig[], at: number): Uint8Array[] {
  const keyBytes = contigs.reduce((most, { name }) => Math.max(most, name.byteLength), 1)
  const header = new LittleEndianWriter(32).uint32(0x78ca8c91, fanOut, keyBytes, 8).uint64(contigs.length, 0)
  const nodes = treeNodes(contigs, at + 32, {
    leafBytes: keyBytes + 8,
    innerBytes: keyBytes + 8,
    leaf: (out, { name, id, length }) => out.padded(name, keyBytes).uint32(id, length),
    inner: (out, from) => out.padded(from.name, keyBytes),
  })
  return [header.bytes, nodes]
}
