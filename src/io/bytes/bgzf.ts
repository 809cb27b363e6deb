import { unzip } from '@gmod/bgzf-filehandle'
import { FormatError } from '../../errors.ts'
import { concatBytes } from './byte-source.ts'
import { crc32 as portableCrc32 } from '../../crc32.ts'

/** One BGZF block: a gzip member of at most 64 KiB whose header tells its own size (SAM specification, section 4.1). */
export interface BgzfBlock {
  /** Where the block starts in the compressed file. */
  readonly compressedOffset: number
  /** Bytes of the block, header and trailer included. */
  readonly byteCount: number
  /** Bytes of data in it, as its trailer says; 0 for an EOF block. */
  readonly dataBytes: number
}

const MAX_BLOCK_BYTES = 1 << 16
const FIXED_HEADER_BYTES = 12
const TRAILER_BYTES = 8

/** What the first bytes of a file say about how it is packed. FormatError for a packing that is not read here. */
export function sniffPacking(start: Uint8Array, name: string): 'bgzf' | 'gzip' | 'plain' {
  const begins = (...magic: number[]): boolean => magic.every((byte, i) => start[i] === byte)
  if (begins(0x1f, 0x8b)) return blockSize(start) === undefined ? 'gzip' : 'bgzf'
  const other = begins(0x42, 0x5a, 0x68)
    ? 'bzip2'
    : begins(0xfd, 0x37, 0x7a, 0x58)
      ? 'xz'
      : begins(0x28, 0xb5, 0x2f, 0xfd)
        ? 'zstd'
        : begins(0x50, 0x4b, 3, 4)
          ? 'zip'
          : undefined
  if (other) {
    throw new FormatError({
      where: name,
      what: 'unknown packing',
      expected: 'plain FASTA, gzip or BGZF',
      got: other,
      remedy: 'unpack it, then use bgzip',
    })
  }
  return 'plain'
}

/** Size in bytes of the BGZF block that starts at `start[from]`; undefined if that is no BGZF header or cut off in it. */
function blockSize(start: Uint8Array, from = 0): number | undefined {
  if (start[from] !== 0x1f || start[from + 1] !== 0x8b || start[from + 2] !== 8 || (start[from + 3] & 4) === 0)
    return undefined
  const extraEnd = from + FIXED_HEADER_BYTES + (start[from + 10] | (start[from + 11] << 8))
  for (let at = from + FIXED_HEADER_BYTES; at + 4 <= Math.min(extraEnd, start.length); ) {
    const fieldBytes = start[at + 2] | (start[at + 3] << 8)
    if (start[at] === 66 && start[at + 1] === 67 && fieldBytes === 2 && at + 6 <= start.length) {
      const size = (start[at + 4] | (start[at + 5] << 8)) + 1
      return size >= extraEnd - from + TRAILER_BYTES ? size : undefined
    }
    at += 4 + fieldBytes
  }
  return undefined
}

/** Bytes of a header that are surely enough to find the block's size in files as bgzip, htslib and htsjdk write them. */
const HEADER_BYTES = 18

/**
 * The whole blocks in `bytes`, which starts at `compressedOffset` of the file. A block that is cut off at the end is left out
 * (`isEnd`: nothing follows, so that is an error). FormatError with the compressed offset where no block header stands.
 */
export function listBlocks(bytes: Uint8Array, compressedOffset: number, name: string, isEnd: boolean): BgzfBlock[] {
  const blocks: BgzfBlock[] = []
  let at = 0
  while (at < bytes.length) {
    const byteCount = blockSize(bytes, at)
    const left = bytes.length - at
    if (byteCount === undefined && left >= HEADER_BYTES) {
      throw new FormatError({
        where: `${name} at compressed offset ${compressedOffset + at}`,
        what: 'corrupt BGZF',
        expected: 'a block header',
        got: `bytes ${[...bytes.subarray(at, at + 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`,
      })
    }
    if (byteCount === undefined || byteCount > left) {
      if (!isEnd) break
      throw new FormatError({
        where: `${name} at compressed offset ${compressedOffset + at}`,
        what: 'truncated BGZF',
        expected: byteCount === undefined ? 'a block header' : `a block of ${byteCount} bytes`,
        got: `the end of the file after ${left} bytes`,
        remedy: 'get the file again',
      })
    }
    const end = at + byteCount
    const dataBytes = (bytes[end - 4] | (bytes[end - 3] << 8) | (bytes[end - 2] << 16) | (bytes[end - 1] << 24)) >>> 0
    if (dataBytes > MAX_BLOCK_BYTES) {
      throw corruptBlock(name, compressedOffset + at, `at most ${MAX_BLOCK_BYTES} bytes of data`, `${dataBytes}`)
    }
    blocks.push({ compressedOffset: compressedOffset + at, byteCount, dataBytes })
    at = end
  }
  return blocks
}

function corruptBlock(
  name: string,
  compressedOffset: number,
  expected?: string,
  got?: string,
  cause?: unknown,
): FormatError {
  return new FormatError({
    where: `${name} at compressed offset ${compressedOffset}`,
    what: 'corrupt BGZF block',
    expected,
    got,
    remedy: 'get the file again',
    cause,
  })
}

/** Inflates one block (`bytes` holds exactly it) and checks its size and CRC-32. JavaScript and WASM: runs everywhere. */
export async function inflateBlock(
  bytes: Uint8Array,
  block: BgzfBlock,
  name: string,
  crc32 = portableCrc32,
): Promise<Uint8Array> {
  const { compressedOffset, dataBytes } = block
  const data = await unzip(bytes).catch((cause: unknown) => {
    throw corruptBlock(name, compressedOffset, 'deflated data', 'something else', cause)
  })
  if (data.length !== dataBytes)
    throw corruptBlock(name, compressedOffset, `${dataBytes} bytes of data`, `${data.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stored = view.getUint32(bytes.length - TRAILER_BYTES, true)
  const computed = crc32(data)
  if (stored !== computed)
    throw corruptBlock(name, compressedOffset, `CRC-32 ${stored.toString(16)}`, computed.toString(16))
  return data
}

/** Inflates a run of whole blocks to `dataBytes` bytes, CRCs checked; rejects if anything is wrong anywhere in the run. */
export type InflateRun = (bytes: Uint8Array, blocks: readonly BgzfBlock[], name: string) => Promise<Uint8Array>

/** Block after block: what a browser uses, and what finds the block that is to blame. */
export const inflateOneByOne: InflateRun = async (bytes, blocks, name) => {
  const base = blocks[0]?.compressedOffset ?? 0
  const data: Uint8Array[] = []
  for (const block of blocks) {
    const from = block.compressedOffset - base
    data.push(await inflateBlock(bytes.subarray(from, from + block.byteCount), block, name))
  }
  return concatBytes(data)
}
