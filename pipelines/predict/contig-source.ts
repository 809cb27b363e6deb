import { Spool } from '../../src/io/bytes/spool.ts'
import type { Contig, Genome, SequenceChunk } from '../../src/genome.ts'

/** Bases read at a time from a genome with random access. */
const readBases = 1 << 20

/** One contig's letters, ready to be read in order. */
export interface ContigSource {
  readonly name: string
  /** Infinity for a record that streams in: its end is known only when it comes. */
  readonly length: number
  /** ASCII letters of `[start, end)` in ascending pieces. */
  bases(start: number, end: number): AsyncGenerator<Uint8Array>
  /** The same contig for another reading; undefined where what was read is gone (standard input). */
  again(): ContigSource | undefined
  close(): Promise<void>
}

export interface SourceOptions {
  readonly signal?: AbortSignal
  /** Records of at most so many bases are read whole, to be computed with their neighbours. */
  readonly shortBases: number
  /** Bytes a longer record may take in memory before it goes to a temporary file. */
  readonly spoolBytes: number
  readonly temporaryFolder: string
}

/** A contig of a genome with random access; any stretch, any number of times. */
export function randomAccessContig(genome: Genome, name: string, length: number, signal?: AbortSignal): ContigSource {
  const contig: ContigSource = {
    name,
    length,
    async *bases(start, end) {
      for (let at = start; at < end; at += readBases) {
        yield await genome.read({ contig: name, start: at, end: Math.min(end, at + readBases) }, signal)
      }
    },
    again: () => contig,
    async close() {},
  }
  return contig
}

/** A record in memory. */
function memoryContig(name: string, letters: Uint8Array): ContigSource {
  const contig: ContigSource = {
    name,
    length: letters.length,
    async *bases(start, end) {
      yield letters.subarray(start, end)
    },
    again: () => contig,
    async close() {},
  }
  return contig
}

/**
 * The records of a genome in one pass from its first byte to its last. Short ones are in memory; each of the others can be
 * read once, from its start, before the next record is asked for.
 */
export async function* streamedContigs(
  genome: Genome,
  contigs: ReadonlyMap<string, Contig> | undefined,
  options: SourceOptions,
): AsyncGenerator<ContigSource> {
  const chunks = genome.chunks({ chunkBases: readBases, signal: options.signal })
  try {
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      const record = new StreamedRecord(next.value, chunks)
      const { name } = record
      const letters = await record.whole(options.shortBases)
      if (letters) {
        yield memoryContig(name, letters)
        continue
      }
      const known = contigs?.get(name)?.length
      yield {
        name,
        length: known ?? Number.POSITIVE_INFINITY,
        bases: (start) => record.pieces(start),
        again: () => (known === undefined ? undefined : randomAccessContig(genome, name, known, options.signal)),
        async close() {},
      }
      await record.skip()
    }
  } finally {
    await chunks.return(undefined)
  }
}

/** The chunks of one record, and what is left of them when its reader stops early. */
class StreamedRecord {
  readonly name: string
  readonly #held: SequenceChunk[]
  #hasEnded: boolean
  readonly #chunks: AsyncGenerator<SequenceChunk>

  constructor(first: SequenceChunk, chunks: AsyncGenerator<SequenceChunk>) {
    this.name = first.contig
    this.#held = [first]
    this.#hasEnded = first.isContigEnd
    this.#chunks = chunks
  }

  /** All letters of a record of at most `mostBases`; undefined for a longer one, which can be read afterwards. */
  async whole(mostBases: number): Promise<Uint8Array | undefined> {
    let length = this.#held[0].bases.length
    while (length <= mostBases && !this.#hasEnded) {
      const chunk = await this.#read()
      if (!chunk) break
      this.#held.push(chunk)
      length += chunk.bases.length
    }
    if (length > mostBases) return undefined
    const letters = new Uint8Array(length)
    let offset = 0
    for (const { bases } of this.#held.splice(0)) {
      letters.set(bases, offset)
      offset += bases.length
    }
    return letters
  }

  /** The record's letters from `start` on. */
  async *pieces(start: number): AsyncGenerator<Uint8Array> {
    let at = 0
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) {
      const { bases } = chunk
      const wanted = bases.subarray(Math.max(0, start - at))
      at += bases.length
      if (wanted.length > 0) yield wanted
    }
  }

  async skip(): Promise<void> {
    while (await this.#next()) {}
  }

  async #next(): Promise<SequenceChunk | undefined> {
    return this.#held.shift() ?? (this.#hasEnded ? undefined : this.#read())
  }

  async #read(): Promise<SequenceChunk | undefined> {
    const chunk: SequenceChunk | undefined = (await this.#chunks.next()).value
    this.#hasEnded = !chunk || chunk.isContigEnd
    return chunk
  }
}

/** The same, each longer record kept (in memory, or beyond it in a temporary file) so that it can be read from its far end. */
export async function* spooledContigs(genome: Genome, options: SourceOptions): AsyncGenerator<ContigSource> {
  for await (const record of streamedContigs(genome, undefined, options)) {
    if (Number.isFinite(record.length)) {
      yield record // in memory
      continue
    }
    const spool = new Spool({ memoryBytes: options.spoolBytes, folder: options.temporaryFolder })
    try {
      for await (const bases of record.bases(0, record.length)) await spool.append(bases)
      const contig: ContigSource = {
        name: record.name,
        length: spool.byteLength,
        async *bases(start, end) {
          for (let at = start; at < end; at += readBases) yield await spool.read(at, Math.min(end, at + readBases) - at)
        },
        again: () => contig,
        close: () => spool.close(),
      }
      yield contig
    } finally {
      await spool.close()
    }
  }
}
