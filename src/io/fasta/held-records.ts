import { LimitError } from '../../errors.ts'
import type { ByteSource } from '../bytes/byte-source.ts'
import { fastaChunks } from './fasta-chunks.ts'
import type { IndexedRecord } from './fasta-index.ts'

/**
 * Records kept in memory because their file has no random access to them (plain gzip, lines of uneven length). A pass over
 * the file brings the one that is asked for and those after it, as many as fit in `maxBytes`; all of them where they fit.
 */
export class HeldRecords {
  #source: ByteSource
  #maxBytes: number
  #records: ReadonlyMap<string, IndexedRecord>
  #held = new Map<string, Uint8Array>()
  #loading: Promise<void> = Promise.resolve()

  constructor(source: ByteSource, records: readonly IndexedRecord[], maxBytes: number) {
    this.#source = source
    this.#maxBytes = maxBytes
    this.#records = new Map(records.map((record) => [record.name, record]))
  }

  /** All letters of record `name`, which is one of `records`. LimitError if it alone is larger than `maxBytes`. */
  async get(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      const bases = this.#held.get(name)
      if (bases) return bases
      // One pass at a time: another caller's may bring this record too.
      await this.#loading.catch(() => {})
      if (this.#held.has(name)) continue
      this.#loading = this.#load(name, signal)
      await this.#loading
    }
  }

  async #load(name: string, signal?: AbortSignal): Promise<void> {
    const record = this.#records.get(name) as IndexedRecord
    if (record.length > this.#maxBytes) {
      throw new LimitError({
        where: `${this.#source.name} record ${name}`,
        what: 'too large to hold in memory, and the file has no random access',
        expected: `at most ${this.#maxBytes} bases`,
        got: `${record.length}`,
        neededBytes: record.length,
        remedy: 'wrap its lines to one length and pack it with bgzip',
      })
    }
    const wanted = this.#thatFit(name)
    this.#held.clear()
    // Not into #held yet: a pass that breaks off must leave no record half filled.
    const filling = new Map([...wanted].map((key) => [key, new Uint8Array(this.#records.get(key)?.length ?? 0)]))
    for await (const { contig, start, bases, isContigEnd } of fastaChunks(this.#source, {
      chunkBases: 1 << 20,
      signal,
    })) {
      filling.get(contig)?.set(bases, start)
      if (isContigEnd && wanted.delete(contig) && wanted.size === 0) break
    }
    for (const [key, bases] of filling) this.#held.set(key, bases)
  }

  #thatFit(name: string): Set<string> {
    const inOrder = [...this.#records.values()]
    const total = inOrder.reduce((sum, { length }) => sum + length, 0)
    const first = total <= this.#maxBytes ? 0 : inOrder.findIndex((record) => record.name === name)
    const wanted = new Set<string>()
    let bytes = 0
    for (const record of inOrder.slice(first)) {
      bytes += record.length
      if (bytes > this.#maxBytes) break
      wanted.add(record.name)
    }
    return wanted
  }
}
