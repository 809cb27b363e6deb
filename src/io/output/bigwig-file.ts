import { zlibDeflate } from '../bytes/deflate.ts'
import { LittleEndianWriter } from '../bytes/little-endian.ts'
import { Spool } from '../bytes/spool.ts'
import { type Block, blockIndex, contigTree, type NumberedContig } from './bigwig-tree.ts'
import {
  firstReduction,
  putSummary,
  type Summary,
  summariesIn,
  summaryBytes,
  ZoomLevel,
  zoomBlockBytes,
} from './bigwig-zoom.ts'

/** Positions of a section of values; a multiple of the first zoom level's bins. */
const sectionBases = 4096
const sectionHeaderBytes = 24
/** What of values, and of summaries, waits in memory; beyond it in a temporary file. */
const spoolBytes = 2 ** 24
const bytesPerWrite = 1 << 20
/** Sections that are compressed at once. */
const mostAtOnce = 64

/** A section of values, and where its summaries of the first level are. */
interface Section extends Block {
  readonly summaryOffset: number
  readonly summaryBytes: number
}

/**
 * One bigWig file of one value per base (format: Kent et al., Bioinformatics 26:2204, 2010, supplement). Values come in any
 * order, none twice; what is kept in memory of them is the place of each section. A section is of one stretch of bases:
 * values alone where none is missing, else each with its position.
 */
export class BigWigFile {
  readonly #values: Spool
  readonly #summaries: Spool
  readonly #zooms: Spool
  readonly #sections: Section[] = []
  readonly #total = { validCount: 0, min: Infinity, max: -Infinity, sum: 0, sumOfSquares: 0 }
  readonly #held = new Float32Array(sectionBases)
  #contig = -1
  #start = 0
  #end = 0
  #deflating: Promise<{ block: Omit<Block, 'offset' | 'byteLength'>; bytes: Uint8Array; summaries: Uint8Array }>[] = []

  constructor(temporaryFolder: string) {
    const spool = (): Spool => new Spool({ memoryBytes: spoolBytes, folder: temporaryFolder })
    this.#values = spool()
    this.#summaries = spool()
    this.#zooms = spool()
  }

  /** Values of the bases from `start` on; NaN where there is none. */
  async add(contig: number, start: number, values: Float32Array): Promise<void> {
    for (let done = 0; done < values.length; ) {
      const position = start + done
      if (contig !== this.#contig || position !== this.#end || position % sectionBases === 0) {
        this.#closeSection()
        if (this.#deflating.length === mostAtOnce) await this.#keepDeflated()
        this.#contig = contig
        this.#start = position
      }
      const at = position % sectionBases
      const count = Math.min(values.length - done, sectionBases - at)
      this.#held.set(values.subarray(done, done + count), at)
      this.#end = position + count
      done += count
    }
    await this.#keepDeflated()
  }

  /** The file's bytes, once all values are there. `contigs` are sorted by name. */
  async *finish(contigs: readonly NumberedContig[]): AsyncGenerator<Uint8Array[]> {
    this.#closeSection()
    await this.#keepDeflated()
    const sections = this.#sections.sort((a, b) => a.contig - b.contig || a.start - b.start)
    const levels = await this.#zoomLevels(sections)
    const summaryAt = 64 + 24 * levels.length
    const tree = contigTree(contigs, summaryAt + 40)
    const values = new Part(sections, summaryAt + 40 + byteLengthOf(tree), 8)
    const zooms: Part[] = []
    for (const { blocks } of levels) zooms.push(new Part(blocks, (zooms.at(-1) ?? values).end, 4))
    const header = new LittleEndianWriter(summaryAt + 40)
      .uint32(0x888ffc26)
      .uint16(4)
      .uint16(levels.length)
      .uint64(summaryAt + 40, values.at, values.indexAt)
      .uint32(0) // fields, as bigBed has them
      .uint64(0, summaryAt)
      .uint32(Math.max(sectionHeaderBytes + 8 * sectionBases, zoomBlockBytes))
      .uint64(0)
    for (const [i, { reduction }] of levels.entries()) header.uint32(reduction, 0).uint64(zooms[i].at, zooms[i].indexAt)
    const { validCount, min, max, sum, sumOfSquares } = this.#total
    header.uint64(validCount).float64(...(validCount > 0 ? [min, max] : [0, 0]), sum, sumOfSquares)
    yield [header.bytes, ...tree]
    yield [new LittleEndianWriter(8).uint64(sections.length).bytes]
    yield* values.bytes(this.#values)
    for (const [i, { summaryCount }] of levels.entries()) {
      yield [new LittleEndianWriter(4).uint32(summaryCount).bytes]
      yield* zooms[i].bytes(this.#zooms)
    }
    yield [new LittleEndianWriter(4).uint32(0x888ffc26).bytes]
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#deflating)
    await Promise.all([this.#values, this.#summaries, this.#zooms].map((spool) => spool.close()))
  }

  #closeSection(): void {
    const contig = this.#contig
    if (contig < 0) return
    this.#contig = -1
    const grid = this.#start - (this.#start % sectionBases)
    const valid: number[] = []
    for (let i = this.#start - grid; i < this.#end - grid; i++) if (!Number.isNaN(this.#held[i])) valid.push(i)
    if (valid.length === 0) return
    const start = grid + valid[0]
    const end = grid + valid[valid.length - 1] + 1
    const isWhole = end - start === valid.length
    const out = new LittleEndianWriter(sectionHeaderBytes + valid.length * (isWhole ? 4 : 8))
      .uint32(contig, start, end, isWhole ? 1 : 0, 1)
      .uint8(isWhole ? 3 : 2) // values one after the other, or each with its position
      .uint8(0)
      .uint16(valid.length)
    const summaries: Summary[] = []
    for (const i of valid) {
      const value = this.#held[i]
      if (!isWhole) out.uint32(grid + i)
      out.float32(value)
      addTo(summaries, contig, grid + i, value)
    }
    const records = new LittleEndianWriter(summaries.length * summaryBytes)
    for (const summary of summaries) {
      putSummary(records, summary)
      this.#addToTotal(summary)
    }
    const block = { contig, start, end }
    this.#deflating.push(zlibDeflate(out.bytes).then((bytes) => ({ block, bytes, summaries: records.bytes })))
  }

  #addToTotal({ validCount, min, max, sum, sumOfSquares }: Summary): void {
    const total = this.#total
    total.validCount += validCount
    total.min = Math.min(total.min, min)
    total.max = Math.max(total.max, max)
    total.sum += sum
    total.sumOfSquares += sumOfSquares
  }

  async #keepDeflated(): Promise<void> {
    const all = await Promise.all(this.#deflating)
    this.#deflating = []
    for (const { block, bytes, summaries } of all) {
      this.#sections.push({
        ...block,
        offset: this.#values.byteLength,
        byteLength: bytes.byteLength,
        summaryOffset: this.#summaries.byteLength,
        summaryBytes: summaries.byteLength,
      })
      await this.#values.append(bytes)
      await this.#summaries.append(summaries)
    }
  }

  /** Those that are coarser than the one before. */
  async #zoomLevels(sections: readonly Section[]): Promise<ZoomLevel[]> {
    const levels = ZoomLevel.all(this.#zooms)
    for (const section of sections) {
      const bytes = await this.#summaries.read(section.summaryOffset, section.summaryBytes)
      for (const summary of summariesIn(bytes)) await levels[0].add(summary)
    }
    await levels[0].finish()
    return levels.filter(({ summaryCount }, i) => summaryCount < (levels[i - 1]?.summaryCount ?? Infinity))
  }
}

/** Takes a value into the last summary, or into a new one where it is of the next bin. */
function addTo(summaries: Summary[], contig: number, position: number, value: number): void {
  const last = summaries.at(-1)
  if (last && Math.floor(last.start / firstReduction) === Math.floor(position / firstReduction)) {
    last.end = position + 1
    last.validCount++
    last.min = Math.min(last.min, value)
    last.max = Math.max(last.max, value)
    last.sum += value
    last.sumOfSquares += value * value
    return
  }
  const one = { validCount: 1, min: value, max: value, sum: value, sumOfSquares: value * value }
  summaries.push({ contig, start: position, end: position + 1, ...one })
}

const byteLengthOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)

/** Blocks in a file, after their number at `at`, and their index after them. */
class Part {
  readonly at: number
  readonly indexAt: number
  readonly end: number
  readonly #blocks: readonly Block[]
  readonly #index: readonly Uint8Array[]

  constructor(blocks: readonly Block[], at: number, countBytes: number) {
    this.at = at
    this.#blocks = blocks
    let offset = at + countBytes
    const placed = blocks.map((block) => {
      const { contig, start, end, byteLength } = block
      offset += byteLength
      return { contig, start, end, byteLength, offset: offset - byteLength }
    })
    this.indexAt = offset
    this.#index = blockIndex(placed, offset, offset)
    this.end = offset + byteLengthOf(this.#index)
  }

  /** What follows the number of blocks; their bytes are in `spool`, at their own offsets. */
  async *bytes(spool: Spool): AsyncGenerator<Uint8Array[]> {
    for (let i = 0; i < this.#blocks.length; ) {
      const { offset } = this.#blocks[i]
      let length = 0
      while (this.#blocks[i]?.offset === offset + length && length < bytesPerWrite)
        length += this.#blocks[i++].byteLength
      yield [await spool.read(offset, length)]
    }
    yield [...this.#index]
  }
}
