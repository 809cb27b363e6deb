import { promisify } from 'node:util'
import { crc32, deflateRaw } from 'node:zlib'
import type { ByteSink } from '../bytes/sink.ts'

/** Data bytes of a block, as bgzip takes them: even what cannot be compressed then fits in 64 KiB. */
export const bgzfDataBytes = 0xff00
/** Blocks that are deflated at once, on libuv's threads. */
const blocksAtOnce = 4
const deflate = promisify(deflateRaw)
/** The empty block that ends a file (SAM specification, section 4.1.2). */
const endOfFile = Uint8Array.from([
  31, 139, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0, 27, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
])

/** Packs what is written as BGZF: gzip that tabix, bcftools and samtools index. */
export function bgzfSink(sink: ByteSink): ByteSink {
  let block = new Uint8Array(bgzfDataBytes)
  let length = 0
  let queue: Promise<Uint8Array>[] = []
  const flush = async (): Promise<void> => {
    const blocks = queue
    queue = []
    if (blocks.length > 0) await sink.write(await Promise.all(blocks))
  }
  const end = (): void => {
    const packed = packBlock(block.subarray(0, length))
    packed.catch(() => {}) // reported when it is awaited
    queue.push(packed)
    block = new Uint8Array(bgzfDataBytes)
    length = 0
  }
  return {
    async write(chunks) {
      for (const chunk of chunks) {
        for (let from = 0; from < chunk.length; ) {
          const part = chunk.subarray(from, from + bgzfDataBytes - length)
          block.set(part, length)
          length += part.length
          from += part.length
          if (length < bgzfDataBytes) continue
          end()
          if (queue.length >= blocksAtOnce) await flush()
        }
      }
    },
    async finish() {
      if (length > 0) end()
      await flush()
      await sink.write([endOfFile])
      await sink.finish()
    },
    abort: () => sink.abort(),
  }
}

async function packBlock(data: Uint8Array): Promise<Uint8Array> {
  const deflated = await deflate(data)
  const out = new Uint8Array(18 + deflated.length + 8)
  out.set(endOfFile.subarray(0, 16))
  out.set(deflated, 18)
  const view = new DataView(out.buffer)
  view.setUint16(16, out.length - 1, true)
  view.setUint32(out.length - 8, crc32(data), true)
  view.setUint32(out.length - 4, data.length, true)
  return out
}
