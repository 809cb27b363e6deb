import { sniffPacking } from '../bytes/bgzf.ts'
import { type ByteSource, PIECE_BYTES } from '../bytes/byte-source.ts'
import { unpackedStream } from '../bytes/unpack.ts'

/** Some of the records of a VCF, one after the other. */
export interface VcfPart {
  /** Of the first record, 1-based. */
  readonly line: number
  /** Unpacked bytes of the file before it, and before what follows the last record. */
  readonly start: number
  readonly end: number
  /** Of a BGZF file: the block that the first record begins in, and the unpacked bytes before that block. */
  readonly block: { readonly compressedOffset: number; readonly dataOffset: number } | undefined
}

/** The unpacked bytes of a part; read from where they are, but of a plain gzip file from its start. */
export async function* partBytes(source: ByteSource, part: VcfPart, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const { start, end, block } = part
  if (start === end) return
  const packing = sniffPacking(await source.read(18, 0, signal), source.name)
  if (packing === 'plain') {
    for (let at = start; at < end; ) {
      const piece = await source.read(Math.min(PIECE_BYTES, end - at), at, signal)
      if (piece.length === 0) return
      yield piece
      at += piece.length
    }
    return
  }
  const isSought = packing === 'bgzf' && block !== undefined
  let at = isSought ? block.dataOffset : 0
  for await (const piece of unpackedStream(isSought ? fromOffset(source, block.compressedOffset) : source, {
    signal,
  })) {
    const cut = piece.subarray(Math.max(0, start - at), Math.max(0, end - at))
    if (cut.length > 0) yield cut
    at += piece.length
    if (at >= end) return
  }
}

/** The same file as a stream from some place on. */
const fromOffset = (source: ByteSource, offset: number): ByteSource => ({
  ...source,
  async *stream(signal) {
    for (let at = offset; ; ) {
      const piece = await source.read(PIECE_BYTES, at, signal)
      if (piece.length === 0) return
      yield piece
      at += piece.length
    }
  },
})

/** Which block of a BGZF file an unpacked offset lies in, for offsets that are asked for in order. */
export class BlockPlaces {
  readonly #blocks: { compressedOffset: number; dataOffset: number }[] = []
  #dataBytes = 0

  /** The next block of the file. */
  add(compressedOffset: number, dataBytes: number): void {
    this.#blocks.push({ compressedOffset, dataOffset: this.#dataBytes })
    this.#dataBytes += dataBytes
  }

  /** The block of `offset`; those before it are forgotten. Undefined where the file has no blocks. */
  at(offset: number): VcfPart['block'] {
    let before = 0
    while (before + 1 < this.#blocks.length && this.#blocks[before + 1].dataOffset <= offset) before++
    this.#blocks.splice(0, before)
    return this.#blocks[0]
  }
}
