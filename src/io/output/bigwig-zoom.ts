import { zlibDeflate } from '../bytes/deflate.ts'
import { LittleEndianWriter } from '../bytes/little-endian.ts'
import type { Spool } from '../bytes/spool.ts'
import type { Block } from './bigwig-tree.ts'

/** Bases of a summary in the first level, and by how much each level is coarser than the one before. */
export const firstReduction = 64
const coarser = 4
/** As many as the format's other tools write. */
const mostLevels = 10
const recordsPerBlock = 1024
export const summaryBytes = 32

/** What the values of `[start, end)` of a contig are, those that there are. */
export interface Summary {
  readonly contig: number
  readonly start: number
  end: number
  validCount: number
  min: number
  max: number
  sum: number
  sumOfSquares: number
}

export function putSummary(out: LittleEndianWriter, of: Summary): void {
  out.uint32(of.contig, of.start, of.end, of.validCount).float32(of.min, of.max, of.sum, of.sumOfSquares)
}

export function* summariesIn(bytes: Uint8Array<ArrayBuffer>): Generator<Summary> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.byteLength; at += summaryBytes)
    yield {
      contig: view.getUint32(at, true),
      start: view.getUint32(at + 4, true),
      end: view.getUint32(at + 8, true),
      validCount: view.getUint32(at + 12, true),
      min: view.getFloat32(at + 16, true),
      max: view.getFloat32(at + 20, true),
      sum: view.getFloat32(at + 24, true),
      sumOfSquares: view.getFloat32(at + 28, true),
    }
}

/** One level: summaries of bins that begin at multiples of `reduction`, in compressed blocks in a spool that levels share. */
export class ZoomLevel {
  readonly reduction: number
  readonly blocks: Block[] = []
  summaryCount = 0
  readonly #spool: Spool
  readonly #next: ZoomLevel | undefined
  #bin: Summary | undefined
  #full: Summary[] = []

  private constructor(reduction: number, spool: Spool, next: ZoomLevel | undefined) {
    this.reduction = reduction
    this.#spool = spool
    this.#next = next
  }

  /** All levels, the finest first; what is added to it reaches the others. */
  static all(spool: Spool): ZoomLevel[] {
    const levels: ZoomLevel[] = []
    for (let i = mostLevels - 1; i >= 0; i--)
      levels.unshift(new ZoomLevel(firstReduction * coarser ** i, spool, levels[0]))
    return levels
  }

  /** Takes summaries in order of contig and position, none of which crosses a border of bins. */
  async add(summary: Summary): Promise<void> {
    const bin = this.#bin
    const isSame = bin?.contig === summary.contig && this.#binOf(bin) === this.#binOf(summary)
    if (!isSame) {
      await this.#close()
      this.#bin = { ...summary }
      return
    }
    bin.end = summary.end
    bin.validCount += summary.validCount
    bin.min = Math.min(bin.min, summary.min)
    bin.max = Math.max(bin.max, summary.max)
    bin.sum += summary.sum
    bin.sumOfSquares += summary.sumOfSquares
  }

  async finish(): Promise<void> {
    await this.#close()
    await this.#flush()
    await this.#next?.finish()
  }

  #binOf({ start }: Summary): number {
    return Math.floor(start / this.reduction)
  }

  async #close(): Promise<void> {
    const bin = this.#bin
    if (!bin) return
    this.#bin = undefined
    if (this.#full.length === recordsPerBlock || (this.#full.at(-1)?.contig ?? bin.contig) !== bin.contig)
      await this.#flush()
    this.#full.push(bin)
    this.summaryCount++
    await this.#next?.add(bin)
  }

  async #flush(): Promise<void> {
    const full = this.#full
    if (full.length === 0) return
    this.#full = []
    const out = new LittleEndianWriter(full.length * summaryBytes)
    for (const summary of full) putSummary(out, summary)
    const bytes = await zlibDeflate(out.bytes)
    const { contig, start } = full[0]
    const place = { offset: this.#spool.byteLength, byteLength: bytes.byteLength }
    this.blocks.push({ contig, start, end: full.at(-1)!.end, ...place })
    await this.#spool.append(bytes)
  }
}

/** The most bytes of a block before compression. */
export const zoomBlockBytes = recordsPerBlock * summaryBytes
