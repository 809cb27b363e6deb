import { pipeline, Readable } from 'node:stream'
import { createGunzip, gunzip } from 'node:zlib'
import { FormatError } from '../../errors.ts'
import { type InflateRun, inflateOneByOne } from './bgzf.ts'
import { PIECE_BYTES } from './byte-source.ts'

export { crc32 } from 'node:zlib'

/** The same bytes as a plain Uint8Array: code that sees only one kind of array runs faster, and Buffer's views cost more. */
const plainBytes = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)

/** A run of BGZF blocks in one call of zlib, on libuv's threads, so that the caller is free meanwhile; zlib checks each CRC. */
export const inflateRun: InflateRun = async (bytes, blocks, name) => {
  const dataBytes = blocks.reduce((sum, block) => sum + block.dataBytes, 0)
  const data = await new Promise<Uint8Array | undefined>((resolve) => {
    // One output buffer of the right size; a block that inflates to more than its trailer says is stopped there.
    gunzip(bytes, { chunkSize: Math.max(64, dataBytes), maxOutputLength: Math.max(1, dataBytes) }, (error, result) => {
      resolve(error || result.length !== dataBytes ? undefined : plainBytes(result))
    })
  })
  if (data) return data
  await inflateOneByOne(bytes, blocks, name) // throws, naming the block
  throw new FormatError({
    where: name,
    what: 'corrupt BGZF',
    expected: `${dataBytes} bytes of data`,
    got: 'a different number',
  })
}

/** Plain gzip (one or several members), streaming; FormatError when it is corrupt or cut off. */
export async function* gunzipStream(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const inflater = createGunzip({ chunkSize: PIECE_BYTES / 4 })
  let sourceError: unknown
  const input = Readable.from(source, { objectMode: true, highWaterMark: 1 })
  input.on('error', (error) => {
    sourceError = error
  })
  pipeline(input, inflater, () => {}) // an error of either end reaches the loop below
  try {
    for await (const data of inflater) yield plainBytes(data)
  } catch (cause) {
    if (sourceError) throw sourceError
    const code = (cause as NodeJS.ErrnoException).code
    throw new FormatError({
      where: `${name} near compressed offset ${inflater.bytesWritten}`,
      what: code === 'Z_BUF_ERROR' ? 'truncated gzip' : 'corrupt gzip',
      remedy: 'get the file again',
      cause,
    })
  } finally {
    input.destroy()
  }
}
