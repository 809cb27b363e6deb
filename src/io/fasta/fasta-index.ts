import { FormatError } from '../../errors.ts'
import type { ByteSource } from '../bytes/byte-source.ts'
import { noteName } from './fasta-chunks.ts'
import { warnOfEmpty } from './empty-records.ts'
import { type FaiEntry, formatFai } from './fai.ts'
import { FastaScanner, type FastaSink } from './fasta-scan.ts'
import { NameLines } from './name-lines.ts'
import { formatGzi, type Gzi, GziBuilder } from '../bytes/gzi.ts'
import { type UnpackOptions, unpackedStream } from '../bytes/unpack.ts'

/** A record as a scan of the whole file finds it. */
export interface IndexedRecord extends FaiEntry {
  /** Line of its header, 1-based; 0 where only an index says that the record is there. */
  readonly line: number
  /** First line (1-based) that breaks the regular line length, which arithmetic on offsets needs; 0 if there is none. */
  readonly irregularLine: number
}

export interface FastaIndex {
  readonly records: readonly IndexedRecord[]
  /** Block table, for BGZF files. */
  readonly gzi: Gzi | undefined
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

class IndexSink implements FastaSink {
  readonly records: IndexedRecord[] = []
  #fileName: string
  #linesOfNames = new NameLines()
  #current: Writable<IndexedRecord> | undefined
  #line = 0
  #lineOffset = 0
  #isLastLineSeen = false

  constructor(fileName: string) {
    this.#fileName = fileName
  }

  header(name: string, line: number, sequenceOffset: number): void {
    noteName(this.#linesOfNames, name, line, this.#fileName)
    this.#current = { name, length: 0, offset: sequenceOffset, lineBases: 0, lineBytes: 0, line, irregularLine: 0 }
    this.records.push(this.#current)
    this.#line = line + 1
    this.#lineOffset = sequenceOffset
    this.#isLastLineSeen = false
  }

  bases(): void {}

  lineEnd(baseCount: number, byteCount: number, hasBlank: boolean): void {
    const record = this.#current as Writable<IndexedRecord>
    if (baseCount > 0 && record.length === 0) {
      record.offset = this.#lineOffset
      record.lineBases = baseCount
      record.lineBytes = Math.max(byteCount, baseCount + 1) // the last line of a file may lack its newline
      if (hasBlank) record.irregularLine ||= this.#line
    } else if (baseCount > 0) {
      if (this.#isLastLineSeen || baseCount > record.lineBases || hasBlank) record.irregularLine ||= this.#line
    }
    // Only the last line of a record may be shorter, or end in another way.
    if (record.length > 0 || baseCount > 0) {
      this.#isLastLineSeen ||= baseCount !== record.lineBases || byteCount !== record.lineBytes
    }
    record.length += baseCount
    this.#lineOffset += byteCount
    this.#line++
  }
}

/** Scans a whole FASTA (plain, gzip or BGZF) in constant memory and returns its index. Every letter is checked on the way. */
export async function scanIndex(source: ByteSource, options: Omit<UnpackOptions, 'onBlock'> = {}): Promise<FastaIndex> {
  const sink = new IndexSink(source.name)
  const scanner = new FastaScanner(source.name, sink)
  const gzi = new GziBuilder()
  let isBgzf = false
  const onBlock = (compressedOffset: number, dataBytes: number): void => {
    isBgzf = true
    gzi.add(compressedOffset, dataBytes)
  }
  for await (const bytes of unpackedStream(source, { ...options, onBlock })) {
    options.signal?.throwIfAborted()
    scanner.push(bytes)
  }
  scanner.end()
  return { records: sink.records, gzi: isBgzf ? gzi.finish() : undefined }
}

/** The contents of the index files of one FASTA. */
export interface IndexFiles {
  /** As `samtools faidx` writes it. */
  readonly fai: string
  /** As `bgzip -r` writes it; for BGZF files. */
  readonly gzi: Uint8Array | undefined
}

export type IndexOptions = Omit<UnpackOptions, 'onBlock' | 'onPacking'>

/**
 * Builds `.fai` (and `.gzi`) for a FASTA. FormatError where samtools could not use it either: plain gzip, lines of uneven
 * length, duplicate names, no record with bases.
 */
export async function indexSource(source: ByteSource, options: IndexOptions = {}): Promise<IndexFiles> {
  const onPacking = (packing: string): void => {
    if (packing === 'gzip') throw gzipProblem(source.name)
  }
  const { records, gzi } = await scanIndex(source, { ...options, onPacking })
  for (const record of records) if (record.irregularLine > 0) throw irregularProblem(source.name, record)
  warnOfEmpty(source.name, records, options.onWarning)
  if (records.every((record) => record.length === 0)) {
    throw new FormatError({ where: source.name, what: 'no record has bases', expected: 'at least one' })
  }
  return { fai: formatFai(records), gzi: gzi && formatGzi(gzi) }
}

function gzipProblem(fileName: string): FormatError {
  return new FormatError({
    where: fileName,
    what: 'plain gzip has no random access',
    expected: 'BGZF',
    remedy: `recompress it: gunzip -c ${fileName} | bgzip > new.fa.gz`,
  })
}

function irregularProblem(fileName: string, record: IndexedRecord): FormatError {
  return new FormatError({
    where: `${fileName} line ${record.irregularLine}`,
    what: `record ${record.name} has lines of uneven length, so it cannot be indexed`,
    expected: `${record.lineBases} bases a line`,
    remedy: 'wrap its lines to one length (seqkit seq -w 60, or fold)',
  })
}
