import { FormatError } from '../../errors.ts'
import { type BgzfBlock, inflateBlock, listBlocks } from './bgzf.ts'
import { type ByteSource, concatBytes } from './byte-source.ts'
import { findEntry, type Gzi } from './gzi.ts'
import { loadInflaters, missingEndWarning } from './unpack.ts'
import { StaleIndex } from './stale-index.ts'

/** Random access to the uncompressed bytes of a plain or BGZF file. */
export interface DataReader {
  readonly dataBytes: number
  /** Data bytes [position, position + length), fewer only at the end. */
  read(length: number, position: number, signal?: AbortSignal): Promise<Uint8Array>
}

export function plainReader(source: ByteSource): DataReader {
  return { dataBytes: source.byteCount as number, read: source.read }
}

/** Keeps the last stretch read, so that many small reads in ascending order cost few large ones. */
export function bufferedReader(reader: DataReader): DataReader {
  const windowBytes = 1 << 17
  let window: Uint8Array = new Uint8Array(0)
  let windowStart = 0
  return {
    dataBytes: reader.dataBytes,
    async read(length, position, signal) {
      if (length > windowBytes) return reader.read(length, position, signal)
      if (position < windowStart || position + length > windowStart + window.length) {
        window = await reader.read(windowBytes, position, signal)
        windowStart = position
      }
      return window.subarray(position - windowStart, position - windowStart + length)
    },
  }
}

/** Decompressed spans kept, about 64 KiB each: regions that lie close together inflate each block once. */
const CACHED_SPANS = 128
/** Entries of the index that are compared with the file when it is opened (all others when they are read). */
const SAMPLED_SPANS = 64
/** Compressed bytes between two entries of an index that is worth using; bgzip's own are one block apart. */
const MAX_SPAN_BYTES = 1 << 22
/** Compressed bytes fetched by one read. */
const MAX_FETCH_BYTES = 1 << 23

/** Data of a BGZF file by way of its `.gzi` table; every block is checked (header, size, CRC, place in the table) as it is read. */
export class BgzfReader implements DataReader {
  readonly dataBytes: number
  #source: ByteSource
  #fileBytes: number
  #gzi: Gzi
  /** Span number -> its data, in order of last use. */
  #cache = new Map<number, Promise<Uint8Array>>()

  private constructor(source: ByteSource, gzi: Gzi, dataBytes: number) {
    this.#source = source
    this.#fileBytes = source.byteCount as number
    this.#gzi = gzi
    this.dataBytes = dataBytes
  }

  /** StaleIndex if `gzi` does not fit the file; FormatError if the file ends inside a block; a missing EOF block is a warning. */
  static async open(
    source: ByteSource,
    gzi: Gzi,
    onWarning?: (message: string) => void,
    signal?: AbortSignal,
  ): Promise<BgzfReader> {
    const fileBytes = source.byteCount as number
    const last = gzi.compressedOffsets.length - 1
    const lastOffset = gzi.compressedOffsets[last]
    if (lastOffset >= fileBytes) throw new StaleIndex('it reaches beyond the end of the file')
    if (fileBytes - lastOffset > MAX_SPAN_BYTES) throw new StaleIndex('it ends long before the file does')
    const tail = await source.read(fileBytes - lastOffset, lastOffset, signal)
    const blocks = listIndexed(tail, lastOffset, source.name)
    if (blocks.at(-1)?.dataBytes !== 0) onWarning?.(missingEndWarning(source.name))
    const reader = new BgzfReader(
      source,
      gzi,
      gzi.dataOffsets[last] + blocks.reduce((sum, block) => sum + block.dataBytes, 0),
    )
    if (source.access === 'cheap') await reader.#checkSpans(signal)
    return reader
  }

  async read(length: number, position: number, signal?: AbortSignal): Promise<Uint8Array> {
    const end = Math.min(this.dataBytes, position + length)
    if (position >= end) return new Uint8Array(0)
    const { dataOffsets } = this.#gzi
    const first = findEntry(dataOffsets, position)
    const last = findEntry(dataOffsets, end - 1)
    const out = new Uint8Array(end - position)
    // As many spans at a time as one fetch takes, so that a long region does not hold all its blocks at once.
    for (let span = first; span <= last; ) {
      let stop = span + 1
      while (
        stop <= last &&
        stop - span < CACHED_SPANS / 2 &&
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
      const start = this.#spanStart(span)
      const fetched = this.#source.read(this.#spanEnd(stop - 1) - start, start, signal)
      for (; span < stop; span++) {
        const data = this.#inflateSpan(span, fetched, start)
        this.#remember(span, data)
        found.push(data)
      }
    }
    return found
  }

  #remember(span: number, data: Promise<Uint8Array>): void {
    this.#cache.delete(span)
    this.#cache.set(span, data)
    // A failure (an abort, a broken connection) is not kept.
    data.catch(() => this.#cache.get(span) === data && this.#cache.delete(span))
    if (this.#cache.size > CACHED_SPANS) this.#cache.delete(this.#cache.keys().next().value as number)
  }

  async #inflateSpan(span: number, fetched: Promise<Uint8Array>, fetchedOffset: number): Promise<Uint8Array> {
    const start = this.#spanStart(span)
    const bytes = (await fetched).subarray(start - fetchedOffset, this.#spanEnd(span) - fetchedOffset)
    const blocks = this.#checkedBlocks(span, bytes)
    const { crc32 } = await loadInflaters()
    const data: Uint8Array[] = []
    for (const block of blocks) {
      if (block.dataBytes === 0) continue
      const from = block.compressedOffset - start
      data.push(await inflateBlock(bytes.subarray(from, from + block.byteCount), block, this.#source.name, crc32))
    }
    return concatBytes(data)
  }

  /** The blocks of a span; StaleIndex if they are not what the index says. */
  #checkedBlocks(span: number, bytes: Uint8Array): BgzfBlock[] {
    const blocks = listIndexed(bytes, this.#spanStart(span), this.#source.name)
    const dataBytes = blocks.reduce((sum, block) => sum + block.dataBytes, 0)
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

/** Blocks of a stretch that, by the index, begins and ends at block borders: where they do not, either may be wrong. */
function listIndexed(bytes: Uint8Array, compressedOffset: number, name: string): BgzfBlock[] {
  try {
    return listBlocks(bytes, compressedOffset, name, true)
  } catch (cause) {
    if (cause instanceof FormatError) throw new StaleIndex(`no blocks where it says (${cause.message})`, { cause })
    throw cause
  }
}
