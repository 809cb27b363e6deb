import { FormatError } from '../../errors.ts'
import type { SequenceChunk } from '../../genome.ts'
import type { ByteSource } from '../bytes/byte-source.ts'
import { unpackedStream } from '../bytes/unpack.ts'
import { EmptyRecords } from './empty-records.ts'
import { FastaScanner, type FastaSink } from './fasta-scan.ts'
import { NameLines } from './name-lines.ts'

/** Gathers the scanner's runs into chunks of at most `chunkBases`; each record ends with a chunk marked `isContigEnd`. */
class ChunkSink implements FastaSink {
  #fileName: string
  #chunkBases: number
  #emptyRecords: EmptyRecords
  #linesOfNames = new NameLines()
  #contig: string | undefined
  #start = 0
  /** Letters of the chunk that is being filled; grows up to `chunkBases`. */
  #buffer = new Uint8Array(1 << 16)
  #filled = 0
  #ready: SequenceChunk[] = []
  /** The piece being scanned, and the letters [#runStart, #runEnd) closed up in it; 0, 0 where there are none yet. */
  #piece: Uint8Array = new Uint8Array(0)
  #runStart = 0
  #runEnd = 0

  constructor(fileName: string, chunkBases: number, onWarning?: (message: string) => void) {
    this.#fileName = fileName
    this.#chunkBases = chunkBases
    this.#emptyRecords = new EmptyRecords(fileName, onWarning)
  }

  header(name: string, line: number): void {
    this.#finishContig()
    noteName(this.#linesOfNames, name, line, this.#fileName)
    this.#contig = name
    this.#start = 0
  }

  bases(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#piece) {
      this.#flush()
      this.#piece = bytes
    }
    if (this.#runEnd === 0) this.#runStart = this.#runEnd = start
    // Lines are closed up within the piece, whose bytes nobody needs any more: far quicker than to copy each out.
    if (start > this.#runEnd) bytes.copyWithin(this.#runEnd, start, end)
    this.#runEnd += end - start
  }

  /** Letters of the piece that were closed up, into the chunk. */
  #flush(): void {
    if (this.#runEnd > this.#runStart) this.#append(this.#piece, this.#runStart, this.#runEnd)
    this.#runStart = this.#runEnd = 0
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    while (start < end) {
      // A full chunk waits for the next base: only then is it known not to be the last of its contig.
      if (this.#filled === this.#chunkBases) this.#emit(false)
      const count = Math.min(end - start, this.#chunkBases - this.#filled)
      if (this.#filled + count > this.#buffer.length) this.#grow(this.#filled + count)
      this.#buffer.set(bytes.subarray(start, start + count), this.#filled)
      this.#filled += count
      start += count
    }
  }

  #finishContig(): void {
    this.#flush()
    if (this.#contig === undefined) return
    if (this.#start === 0 && this.#filled === 0) this.#emptyRecords.add(this.#contig)
    this.#emit(true)
    this.#contig = undefined
  }

  end(): void {
    this.#finishContig()
    this.#emptyRecords.end()
  }

  /** The chunks that are complete so far; to be called after each piece. */
  takeReady(): SequenceChunk[] {
    this.#flush()
    const ready = this.#ready
    this.#ready = []
    return ready
  }

  #emit(isContigEnd: boolean): void {
    const bases = this.#buffer.slice(0, this.#filled)
    this.#ready.push({ contig: this.#contig as string, start: this.#start, bases, isContigEnd })
    this.#start += this.#filled
    this.#filled = 0
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.min(this.#chunkBases, Math.max(needed, 2 * this.#buffer.length)))
    larger.set(this.#buffer.subarray(0, this.#filled))
    this.#buffer = larger
  }
}

/** Keeps `name` with its line; FormatError naming both lines if it was there before. */
export function noteName(linesOfNames: NameLines, name: string, line: number, fileName: string): void {
  const before = linesOfNames.add(name, line)
  if (before !== undefined) {
    throw new FormatError({
      where: `${fileName} line ${line}`,
      what: `duplicate record name ${name}`,
      expected: 'every name once',
      got: `it stands in line ${before} too`,
      remedy: 'rename one of the records',
    })
  }
}

/**
 * All records of a FASTA in file order, cut into chunks of `chunkBases` letters (the last of a record is shorter). Reads
 * ahead by little; memory is that of a few chunks, whatever the file. Errors come where they stand in the file.
 */
export async function* fastaChunks(
  source: ByteSource,
  options: { chunkBases: number; signal?: AbortSignal; onWarning?: (message: string) => void },
): AsyncGenerator<SequenceChunk> {
  const sink = new ChunkSink(source.name, options.chunkBases, options.onWarning)
  const scanner = new FastaScanner(source.name, sink)
  for await (const bytes of unpackedStream(source, options)) {
    options.signal?.throwIfAborted()
    scanner.push(bytes)
    yield* sink.takeReady()
  }
  scanner.end()
  sink.end()
  yield* sink.takeReady()
}
