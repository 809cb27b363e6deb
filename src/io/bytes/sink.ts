/** Where encoded bytes go. Writers hold no queue of their own: one write is awaited before the next is encoded. */
export interface ByteSink {
  /** Resolves when every byte has been handed on, in order. The sink must not keep the views: their memory is used again. */
  write(chunks: readonly Uint8Array[]): Promise<void>
  /** Makes the output complete and visible under its name. */
  finish(): Promise<void>
  /** Leaves nothing behind that could pass for a result; safe to call at any time, and twice. */
  abort(): Promise<void>
}

/** Collects everything in memory: for browsers and tests. `bytes()` is valid after `finish`. */
export function memorySink(): ByteSink & { bytes(): Uint8Array } {
  let chunks: Uint8Array[] = []
  return {
    async write(more) {
      for (const chunk of more) chunks.push(chunk.slice())
    },
    async finish() {},
    async abort() {
      chunks = []
    },
    bytes() {
      const out = new Uint8Array(chunks.reduce((n, c) => n + c.byteLength, 0))
      let offset = 0
      for (const chunk of chunks) {
        out.set(chunk, offset)
        offset += chunk.byteLength
      }
      return out
    },
  }
}
