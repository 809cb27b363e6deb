import { FormatError } from '../../errors.ts'
import { type BgzfBlock, inflateBlock, listBlocks } from './bgzf.ts'
import { type ByteSource, concatBytes } from './byte-source.ts'
import type { DataReader } from './data-reader.ts'
import { findEntry, type Gzi } from './gzi.ts'
import { StaleIndex } from './stale-index.ts'
import { loadInflaters, missingEndWarning } from './unpack.ts'

/** Spans are the stretches between two entries of the index; bgzip's own hold one block each, 64 KiB of data. */
const SPAN_BYTES = 1 << 16
/** Spans that are inflated together, beside the main thread, where a read needs more than `FEW_SPANS` of them, or several read. */
const RUN_SPANS = 8
const FEW_SPANS = 2
/** Spans of one fetch. */
const FETCH_SPANS = 64
/** Entries of the index that are compared with the file when it is opened (all others when they are read). */
const SAMPLED_SPANS = 64
/** Compressed bytes between two entries of an index that is worth using. */
const MAX_SPAN_BYTES = 1 << 22
/** Compressed bytes fetched by one read. */
const MAX_FETCH_BYTES = 1 << 23

export interface BgzfReaderOptions {
  readonly onWarning?: (message: string) => void
  readonly signal?: AbortSignal
  /** Data that is kept, so that regions which lie close together inflate each block once. Default 8 MiB. */
  readonly cacheBytes?: number
}

/** Data of a BGZF file by way of its `.gzi` table; every block is checked (header, size, CRC, place in the table) as it is read. */
export class BgzfReader implements DataReader {
  readonly dataBytes: number
  #source: ByteSource
  #fileBytes: number
  #gzi: Gzi
  /** Span number -> its data, in order of last use. */
  #cache = new Map<number, Promise<Uint8Array>>()
  #cachedSpans: number
  /** Calls of `read` that are under way. */
  #reads = 0

  private constructor(source: ByteSource, gzi: Gzi, dataBytes: number, cacheBytes: number) {
    this.#source = source
    this.#fileBytes = source.byteCount as number
    this.#gzi = gzi
    this.#cachedSpans = Math.max(2 * FETCH_SPANS, Math.floor(cacheBytes / SPAN_BYTES))
    this.dataBytes = dataBytes
  }

  /**
   * A file without the block that marks its end is read, with a warning.
   *
   * @throws StaleIndex if `gzi` does not fit the file, FormatError if the file ends inside a block
   */
  static async open(source: ByteSource, gzi: Gzi, options: BgzfReaderOptions = {}): Promise<BgzfReader> {
    const { onWarning, signal, cacheBytes = 0 } = options
    const fileBytes = source.byteCount as number
    const last = gzi.compressedOffsets.length - 1
    const lastOffset = gzi.compressedOffsets[last]
    if (lastOffset >= fileBytes) throw new StaleIndex('it reaches beyond the end of the file')
    if (fileBytes - lastOffset > MAX_SPAN_BYTES) throw new StaleIndex('it ends long before the file does')
    const tail = await source.read(fileBytes - lastOffset, lastOffset, signal)
    const blocks = listIndexed(tail, lastOffset, source.name)
    if (blocks.at(-1)?.dataBytes !== 0) onWarning?.(missingEndWarning(source.name))
    const reader = new BgzfReader(source, gzi, gzi.dataOffsets[last] + sizeOf(blocks), cacheBytes)
    if (source.access === 'cheap') await reader.#checkSpans(signal)
    return reader
  }

  async read(length: number, position: number, signal?: AbortSignal): Promise<Uint8Array> {
    const end = Math.min(this.dataBytes, position + length)
    if (position >= end) return new Uint8Array(0)
    this.#reads++
    try {
      return await this.#read(position, end, signal)
    } finally {
      this.#reads--
    }
  }

  async #read(position: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { dataOffsets } = this.#gzi
    const first = findEntry(dataOffsets, position)
    const last = findEntry(dataOffsets, end - 1)
    if (first === last) {
      const data = await this.#spans(first, first + 1, signal)[0]
      return data.subarray(position - dataOffsets[first], end - dataOffsets[first])
    }
    const out = new Uint8Array(end - position)
    // As many spans at a time as one fetch takes, so that a long region does not hold all its blocks at once.
    for (let span = first; span <= last; ) {
      let stop = span + 1
      while (
        stop <= last &&
        stop - span < FETCH_SPANS &&
        this.#spanEnd(stop) - this.#spanStart(span) <= MAX_FETCH_BYTES
      )
        stop++
      const pieces = await Promise.all(this.#spans(span, stop, signal))
      for (const [i, data] of pieces.entries()) {
        const start = dataOffsets[span + i]
        const from = Math.max(0, position - start)
        out.set(data.subarray(from, Math.min(data.length, end - start)), start + from - position)
      }
      span = stop
    }
    return out
  }

  #spanStart = (span: number): number => this.#gzi.compressedOffsets[span]
  #spanEnd = (span: number): number => this.#gzi.compressedOffsets[span + 1] ?? this.#fileBytes
  #spanDataBytes = (span: number): number =>
    (this.#gzi.dataOffsets[span + 1] ?? this.dataBytes) - this.#gzi.dataOffsets[span]

  /** Data of the spans [from, to): from the cache, the missing ones fetched together. */
  #spans(from: number, to: number, signal?: AbortSignal): Promise<Uint8Array>[] {
    const found: Promise<Uint8Array>[] = []
    for (let span = from; span < to; ) {
      const cached = this.#cache.get(span)
      if (cached) {
        this.#remember(span, cached)
        found.push(cached)
        span++
        continue
      }
      let stop = span + 1
      while (stop < to && !this.#cache.has(stop)) stop++
      for (const data of this.#fetch(span, stop, signal)) {
        this.#remember(span++, data)
        found.push(data)
      }
    }
    return found
  }

  #remember(span: number, data: Promise<Uint8Array>): void {
    const isNew = !this.#cache.delete(span)
    this.#cache.set(span, data)
    // A failure (an abort, a broken connection) is not kept.
    if (isNew) data.catch(() => this.#cache.get(span) === data && this.#cache.delete(span))
    if (this.#cache.size > this.#cachedSpans) this.#cache.delete(this.#cache.keys().next().value as number)
  }

  /**
   * Reads the spans [from, to) of the file in one go, and inflates them: a few of them right here, which is quickest for
   * whoever waits for nothing else; many of them, or those of several readers, beside each other.
   */
  #fetch(from: number, to: number, signal?: AbortSignal): Promise<Uint8Array>[] {
    const start = this.#spanStart(from)
    const fetched = this.#source.read(this.#spanEnd(to - 1) - start, start, signal)
    const bytesOf = async (first: number, stop: number): Promise<Uint8Array> =>
      (await fetched).subarray(this.#spanStart(first) - start, this.#spanEnd(stop - 1) - start)
    const found: Promise<Uint8Array>[] = []
    if (to - from <= FEW_SPANS && this.#reads === 1) {
      for (let span = from; span < to; span++) found.push(this.#inflateSpan(span, bytesOf(span, span + 1)))
      return found
    }
    for (let first = from; first < to; first += RUN_SPANS) {
      const stop = Math.min(to, first + RUN_SPANS)
      const run = this.#inflateSpans(first, stop, bytesOf(first, stop))
      const runStart = this.#gzi.dataOffsets[first]
      for (let span = first; span < stop; span++) {
        const spanStart = this.#gzi.dataOffsets[span] - runStart
        found.push(run.then((data) => data.subarray(spanStart, spanStart + this.#spanDataBytes(span))))
      }
    }
    return found
  }

  async #inflateSpan(span: number, fetched: Promise<Uint8Array>): Promise<Uint8Array> {
    const bytes = await fetched
    const blocks = this.#checkedBlocks(span, bytes)
    const { crc32 } = await loadInflaters()
    const data: Uint8Array[] = []
    for (const block of blocks) {
      if (block.dataBytes === 0) continue
      const from = block.compressedOffset - this.#spanStart(span)
      data.push(await inflateBlock(bytes.subarray(from, from + block.byteCount), block, this.#source.name, crc32))
    }
    return concatBytes(data)
  }

  /** The same for the spans [from, to) at once. */
  async #inflateSpans(from: number, to: number, fetched: Promise<Uint8Array>): Promise<Uint8Array> {
    const bytes = await fetched
    const start = this.#spanStart(from)
    const blocks: BgzfBlock[] = []
    for (let span = from; span < to; span++) {
      const spanBytes = bytes.subarray(this.#spanStart(span) - start, this.#spanEnd(span) - start)
      for (const block of this.#checkedBlocks(span, spanBytes)) blocks.push(block)
    }
    const { inflateRun } = await loadInflaters()
    return inflateRun(bytes, blocks, this.#source.name)
  }

  /** The blocks of a span; StaleIndex if they are not what the index says. */
  #checkedBlocks(span: number, bytes: Uint8Array): BgzfBlock[] {
    const blocks = listIndexed(bytes, this.#spanStart(span), this.#source.name)
    const dataBytes = sizeOf(blocks)
    if (dataBytes !== this.#spanDataBytes(span)) {
      throw new StaleIndex(
        `the block at compressed offset ${this.#spanStart(span)} has ${dataBytes} bytes of data, not ${this.#spanDataBytes(span)}`,
      )
    }
    return blocks
  }

  async #checkSpans(signal?: AbortSignal): Promise<void> {
    const count = this.#gzi.compressedOffsets.length
    const step = Math.max(1, count / SAMPLED_SPANS)
    for (let i = 0; i < count; i += step) {
      const span = Math.floor(i)
      const spanBytes = this.#spanEnd(span) - this.#spanStart(span)
      if (spanBytes > MAX_SPAN_BYTES) throw new StaleIndex('its entries lie far apart')
      this.#checkedBlocks(span, await this.#source.read(spanBytes, this.#spanStart(span), signal))
    }
  }
}

const sizeOf = (blocks: readonly BgzfBlock[]): number => blocks.reduce((sum, { dataBytes }) => sum + dataBytes, 0)

/** Blocks of a stretch that, by the index, begins and ends at block borders: where they do not, either may be wrong. */
function listIndexed(bytes: Uint8Array, compressedOffset: number, name: string): BgzfBlock[] {
  try {
    return listBlocks(bytes, compressedOffset, name, true)
  } catch (cause) {
    if (cause instanceof FormatError) throw new StaleIndex(`no blocks where it says (${cause.message})`, { cause })
    throw cause
  }
}
