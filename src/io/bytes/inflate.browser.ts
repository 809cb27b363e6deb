import { FormatError } from '../../errors.ts'

export { inflateOneByOne as inflateRun } from './bgzf.ts'
export { crc32 } from '../../crc32.ts'

/** Plain gzip through the browser's own inflater. It takes a single member: files of several should be made BGZF. */
export async function* gunzipStream(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let sourceError: unknown
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const next = await iterator.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value as Uint8Array<ArrayBuffer>)
      } catch (error) {
        sourceError = error
        controller.error(error)
      }
    },
  })
  const reader = input.pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } catch (cause) {
    if (sourceError) throw sourceError
    throw new FormatError({
      where: name,
      what: 'corrupt or truncated gzip',
      remedy: 'get the file again, or pack it with bgzip',
      cause,
    })
  } finally {
    await reader.cancel().catch(() => {})
    await iterator.return?.()
  }
}
