/**
 * Pulls up to `depth` items ahead of the consumer, so that reading, computing and writing overlap.
 * The only concurrency between pipeline stages. Items come in order; an error reaches the consumer in its place;
 * when the consumer stops early the source is closed.
 */
export async function* readAhead<T>(source: AsyncIterable<T>, depth: number): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  const pending: Promise<IteratorResult<T>>[] = []
  const pull = (): void => {
    const next = iterator.next()
    next.catch(() => {}) // reported when it is this item's turn
    pending.push(next)
  }
  try {
    for (let i = 0; i < depth; i++) pull()
    for (;;) {
      const result = await (pending.shift() ?? iterator.next())
      if (result.done) return
      if (depth > 0) pull()
      yield result.value
    }
  } finally {
    await iterator.return?.()
  }
}
