import { FormatError } from '../../errors.ts'
import { endOfBases, showByte } from './alphabet.ts'
import { concatBytes } from '../bytes/byte-source.ts'

/** What the scanner finds, in file order. */
export interface FastaSink {
  /** A header line; `line` is 1-based, `sequenceOffset` is the (uncompressed) byte after the header line. */
  header(name: string, line: number, sequenceOffset: number): void
  /**
   * Checked letters `bytes[start, end)` of one line of the record; a long line may come in several runs. The scanner looks at
   * nothing before `end` again: the sink may overwrite it.
   */
  bases(bytes: Uint8Array, start: number, end: number): void
  /** A sequence line or blank line is over: its bases, its bytes with line end, whether blanks stand before or between its bases. */
  lineEnd?(baseCount: number, byteCount: number, hasBlank: boolean): void
}

const NEWLINE = 10
const RETURN = 13
const HEADER_MARK = 62
/** Longest name that is looked for; a description after it may have any length. */
const MAX_NAME_BYTES = 1 << 16
/** A byte-order mark of UTF-8, as editors of Windows write it. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]
const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13 && byte !== NEWLINE)
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads FASTA bytes pushed in pieces of any size, in constant memory: every letter is checked, every line counted.
 * Accepted: a byte-order mark, LF and CRLF, blank lines, blanks around the sequence, no final newline, lines of any length.
 * Refused with the record, the position and the line: text before the first `>`, letters outside IUPAC and U,
 * a carriage return inside a line. A record's name is the header up to the first blank, as in samtools.
 */
export class FastaScanner {
  #fileName: string
  #sink: FastaSink
  #line = 1
  /** File offset of the first byte of the piece being pushed. */
  #pieceOffset = 0
  #record: string | undefined
  #recordBases = 0
  #lineStart = 0
  #lineBases = 0
  #lastBaseEnd = 0
  #hasBlank = false
  #isAfterReturn = false
  #isInHeader = false
  /** Bytes of a byte-order mark that have been seen at the start of the file. */
  #markBytes = 0
  #headerParts: Uint8Array[] = []
  #headerBytes = 0

  constructor(fileName: string, sink: FastaSink) {
    this.#fileName = fileName
    this.#sink = sink
  }

  push(bytes: Uint8Array): void {
    let i = this.#pieceOffset < BYTE_ORDER_MARK.length ? this.#skipMark(bytes) : 0
    while (i < bytes.length) i = this.#isInHeader ? this.#scanHeader(bytes, i) : this.#scanSequence(bytes, i)
    this.#pieceOffset += bytes.length
  }

  /** Passes over a byte-order mark, which may come in several pieces. Offsets count its bytes. */
  #skipMark(bytes: Uint8Array): number {
    let i = 0
    if (this.#markBytes !== this.#pieceOffset) return 0
    while (i < bytes.length && bytes[i] === BYTE_ORDER_MARK[this.#markBytes]) {
      this.#markBytes++
      i++
    }
    if (this.#markBytes === BYTE_ORDER_MARK.length) this.#lineStart = this.#lastBaseEnd = this.#markBytes
    else if (this.#markBytes > 0 && i < bytes.length) this.#refuseByte(BYTE_ORDER_MARK[0])
    return i
  }

  /** The file is over: closes the last line. FormatError if there was no record at all. */
  end(): void {
    if (this.#isInHeader) {
      // A header without a newline is still a record, without bases.
      this.#finishHeader(this.#pieceOffset)
    } else if (this.#pieceOffset > this.#lineStart) {
      this.#finishLine(this.#pieceOffset)
    }
    if (this.#record === undefined) {
      throw new FormatError({
        where: this.#fileName,
        what: this.#pieceOffset === 0 ? 'the file is empty' : 'there is no record',
        expected: 'FASTA records, each with a header line ">name"',
      })
    }
  }

  #scanSequence(bytes: Uint8Array, from: number): number {
    let i = from
    while (i < bytes.length) {
      if (this.#isAfterReturn && bytes[i] !== NEWLINE) this.#refuseReturn()
      const start = i
      i = endOfBases(bytes, i, bytes.length)
      if (i > start) this.#addRun(bytes, start, i)
      if (i === bytes.length) return i
      const byte = bytes[i]
      if (byte === NEWLINE) {
        this.#finishLine(this.#pieceOffset + i + 1)
      } else if (byte === HEADER_MARK && this.#pieceOffset + i === this.#lineStart) {
        this.#isInHeader = true
        this.#headerParts = []
        this.#headerBytes = 0
        return i + 1
      } else if (isBlank(byte)) {
        this.#isAfterReturn = byte === RETURN
      } else {
        this.#refuseByte(byte)
      }
      i++
    }
    return i
  }

  #addRun(bytes: Uint8Array, start: number, end: number): void {
    if (this.#record === undefined) this.#refuseByte(bytes[start])
    if (this.#pieceOffset + start !== this.#lastBaseEnd) this.#hasBlank = true
    this.#lastBaseEnd = this.#pieceOffset + end
    this.#lineBases += end - start
    this.#sink.bases(bytes, start, end)
  }

  #finishLine(nextOffset: number): void {
    if (this.#record !== undefined) this.#sink.lineEnd?.(this.#lineBases, nextOffset - this.#lineStart, this.#hasBlank)
    this.#recordBases += this.#lineBases
    this.#lineBases = 0
    this.#hasBlank = false
    this.#isAfterReturn = false
    this.#lineStart = nextOffset
    this.#lastBaseEnd = nextOffset
    this.#line++
  }

  #scanHeader(bytes: Uint8Array, from: number): number {
    const newline = bytes.indexOf(NEWLINE, from)
    const end = newline < 0 ? bytes.length : newline
    if (this.#headerBytes < MAX_NAME_BYTES) {
      this.#headerParts.push(bytes.slice(from, Math.min(end, from + MAX_NAME_BYTES)))
      this.#headerBytes += end - from
    }
    if (newline >= 0) this.#finishHeader(this.#pieceOffset + newline + 1)
    return newline < 0 ? end : newline + 1
  }

  #finishHeader(nextOffset: number): void {
    this.#record = this.#parseName(concatBytes(this.#headerParts))
    this.#sink.header(this.#record, this.#line, nextOffset)
    this.#isInHeader = false
    this.#recordBases = 0
    this.#lineStart = nextOffset
    this.#lastBaseEnd = nextOffset
    this.#line++
  }

  #parseName(header: Uint8Array): string {
    const where = `${this.#fileName} line ${this.#line}`
    const firstReturn = header.indexOf(RETURN)
    if (firstReturn >= 0 && firstReturn < header.length - 1) this.#refuseReturn()
    let start = 0
    while (start < header.length && isBlank(header[start])) start++
    let end = start
    while (end < header.length && !isBlank(header[end])) end++
    const name = header.subarray(start, end)
    if (name.length >= MAX_NAME_BYTES) {
      throw new FormatError({ where, what: 'the record name is too long', expected: `at most ${MAX_NAME_BYTES} bytes` })
    }
    const control = name.find((byte) => byte < 32 || byte === 127)
    if (control !== undefined) {
      throw new FormatError({
        where,
        what: 'the record name is not text',
        expected: 'printable characters',
        got: showByte(control),
      })
    }
    try {
      return utf8.decode(name)
    } catch (cause) {
      throw new FormatError({ where, what: 'the record name is not valid UTF-8', cause })
    }
  }

  #refuseReturn(): never {
    throw new FormatError({
      where: `${this.#fileName} line ${this.#line}`,
      what: 'carriage return inside a line',
      expected: 'lines that end with LF or CRLF',
      remedy: "convert the old Macintosh line ends: tr '\\r' '\\n'",
    })
  }

  #refuseByte(byte: number): never {
    const got = showByte(byte)
    if (this.#record === undefined) {
      const isFastq = byte === 0x40
      throw new FormatError({
        where: `${this.#fileName} line ${this.#line}`,
        what: isFastq
          ? 'this looks like FASTQ'
          : byte < 32 || byte >= 127
            ? 'binary data, not FASTA'
            : 'text before the first record',
        expected: 'a header line ">name"',
        got,
      })
    }
    throw new FormatError({
      where: `${this.#fileName} line ${this.#line}, record ${this.#record}, position ${this.#recordBases + this.#lineBases}`,
      what: byte === HEADER_MARK ? '">" inside a sequence line' : 'not a base',
      expected: 'A C G T U N or an IUPAC code (RYKMSWBDHV)',
      got,
    })
  }
}
