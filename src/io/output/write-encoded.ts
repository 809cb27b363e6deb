import type { ByteSink } from '../bytes/sink.ts'

/** Writes pieces and makes the output visible; on any failure, an abort too, leaves nothing. The next piece is made while one is written. */
export async function writeEncoded(pieces: AsyncIterable<readonly Uint8Array[]>, sink: ByteSink): Promise<void> {
  try {
    let written: Promise<void> = Promise.resolve()
    for await (const chunks of pieces) {
      await written
      written = sink.write(chunks)
      written.catch(() => {}) // reported when it is awaited
    }
    await written
    await sink.finish()
  } catch (error) {
    await sink.abort()
    throw error
  }
}
