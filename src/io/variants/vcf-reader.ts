import { FormatError } from '../../errors.ts'
import type { ByteSource } from '../bytes/byte-source.ts'
import { unpackedStream } from '../bytes/unpack.ts'
import { type Line, type LinePlace, lines as linesOf, showLine } from './lines.ts'
import { partBytes, type VcfPart } from './vcf-part.ts'

/** The header of a VCF as it stands in the file, the `#CHROM` line last, line ends included. */
export interface VcfHeader {
  readonly lines: readonly Uint8Array[]
  /** Names of the INFO fields that the header declares. */
  readonly infoIds: ReadonlySet<string>
  readonly lineEnd: '\n' | '\r\n'
}

/** A record: what is read of it, and its bytes as they stand in the file. */
export interface VcfRecord extends Line {
  /** File and line, for errors. */
  readonly where: string
  readonly contig: string
  /** 0-based: POS - 1. */
  readonly position: number
  readonly ref: string
  /** As they stand, `.` included; empty for a line that is no record. */
  readonly alts: readonly string[]
  /** The INFO column is `bytes[infoStart, infoEnd)`. */
  readonly infoStart: number
  readonly infoEnd: number
  /** What is wrong with a record that is passed through as it is; undefined for good ones and for blank lines. */
  readonly problem: FormatError | undefined
  /** Whether enough is held that what was read should be finished before more is. */
  readonly endsGroup: boolean
}

export interface ReadVcfOptions {
  /** `keep`: a malformed record is given with its problem instead of an error. Default `error`. */
  readonly onBadRecord?: 'error' | 'keep'
  readonly signal?: AbortSignal
  readonly onWarning?: (message: string) => void
  /** Told of every BGZF block before the lines that begin in it. */
  readonly onBlock?: (compressedOffset: number, dataBytes: number) => void
}

const TAB = 9
/** Bytes of records that are held at most before a group ends. */
const heldBytes = 8 << 20
const maxHeaderBytes = 1 << 28
const decoder = new TextDecoder()

/**
 * Reads a VCF (plain, gzip or BGZF): its header, then its records in order. FormatError naming file and line for what is
 * no VCF and, unless they are kept, for malformed records.
 */
export async function readVcf(
  source: ByteSource,
  options: ReadVcfOptions = {},
): Promise<{ readonly header: VcfHeader; readonly records: AsyncGenerator<VcfRecord> }> {
  const { signal, onWarning, onBlock } = options
  const lines = linesOf(unpackedStream(source, { signal, onWarning, onBlock }), source.name)
  const header = await readHeader(lines, source.name)
  return { header, records: recordsOf(lines, source.name, options) }
}

/** The records of a part of a VCF, in order; each as `readVcf` gives it. Errors as there. */
export function readVcfPart(
  source: ByteSource,
  part: VcfPart,
  options: ReadVcfOptions = {},
): AsyncGenerator<VcfRecord> {
  const from: LinePlace = { line: part.line, offset: part.start }
  return recordsOf(linesOf(partBytes(source, part, options.signal), source.name, from), source.name, options)
}

/** Which records end a group follows from where they stand in the file: those of a part do as those of the whole. */
async function* recordsOf(
  lines: AsyncIterable<Line>,
  name: string,
  { onBadRecord, signal }: ReadVcfOptions,
): AsyncGenerator<VcfRecord> {
  const parser = new RecordParser(name, onBadRecord === 'keep')
  for await (const line of lines) {
    signal?.throwIfAborted()
    const { offset, bytes, tail } = line
    const isFull = Math.floor(offset / heldBytes) < Math.floor((offset + bytes.length) / heldBytes)
    yield parser.parse(line, tail !== undefined || isFull)
  }
}

async function readHeader(lines: AsyncGenerator<Line>, name: string): Promise<VcfHeader> {
  const kept: Uint8Array[] = []
  const infoIds = new Set<string>()
  let bytes = 0
  for (;;) {
    const next = await lines.next()
    const where = `${name} line ${kept.length + 1}`
    if (next.done) {
      if (kept.length === 0) throw new FormatError({ where: name, what: 'the file is empty', expected: 'a VCF' })
      throw noChromLine(where, 'the end of the file')
    }
    const text = decoder.decode(next.value.bytes.subarray(0, 512))
    if (kept.length === 0) checkStart(text, where)
    if (!text.startsWith('#')) throw noChromLine(where, 'a line without #')
    bytes += next.value.bytes.length
    if (next.value.tail || bytes > maxHeaderBytes)
      throw new FormatError({ where, what: 'the header is too long', expected: `at most ${maxHeaderBytes} bytes` })
    kept.push(next.value.bytes)
    const id = /^##INFO=<ID=([^,>]+)/.exec(text)?.[1]
    if (id) infoIds.add(id)
    if (!/^#CHROM\tPOS\tID\tREF\tALT\b/.test(text)) {
      if (text.startsWith('#CHROM'))
        throw new FormatError({
          where,
          what: 'malformed #CHROM line',
          expected: '#CHROM POS ID REF ALT QUAL FILTER INFO, separated by tabs',
          got: text.trimEnd().slice(0, 80),
        })
      continue
    }
    return { lines: kept, infoIds, lineEnd: endsWithReturn(next.value.bytes) ? '\r\n' : '\n' }
  }
}

function checkStart(text: string, where: string): void {
  if (text.startsWith('#')) return
  throw new FormatError({
    where,
    what: 'not a VCF',
    expected: '##fileformat=VCFv4',
    got: text.startsWith('BCF') ? 'a BCF file' : showLine(text, 40),
    remedy: text.startsWith('BCF') ? 'convert it with bcftools view' : undefined,
  })
}

const noChromLine = (where: string, got: string): FormatError =>
  new FormatError({ where, what: 'not a VCF', expected: 'a #CHROM line before the records', got })

const endsWithReturn = (line: Uint8Array): boolean => line.at(-1) === 10 && line.at(-2) === 13

const RETURN = 13
const NEWLINE = 10
/** Columns whose ends must be known; there may be more after them. */
const readColumns = 8

/** Reads the records of one file; texts that come again and again are made once. */
class RecordParser {
  readonly #name: string
  readonly #keepsBad: boolean
  /** Where the columns of the record being read begin; one more than there are where a ninth begins. */
  readonly #starts = new Int32Array(readColumns + 1)
  #contig = ''
  #contigBytes: Uint8Array = new Uint8Array(0)

  constructor(name: string, keepsBad: boolean) {
    this.#name = name
    this.#keepsBad = keepsBad
  }

  parse(line: Line, endsGroup: boolean): VcfRecord {
    const { bytes, tail } = line
    const record = new ParsedRecord(line, this.#name, endsGroup)
    let end = bytes.length
    if (!tail) while (end > 0 && (bytes[end - 1] === NEWLINE || bytes[end - 1] === RETURN)) end--
    if (end === 0) return record // a blank line
    const problem = this.#read(record, bytes, end)
    if (!problem) return record
    record.alts = []
    record.problem = new FormatError({ where: record.where, what: 'malformed record', ...problem })
    if (!this.#keepsBad) throw record.problem
    return record
  }

  /** Fills `record`; gives what is wrong with it. */
  #read(record: ParsedRecord, bytes: Uint8Array, end: number): { expected: string; got: string } | undefined {
    const starts = this.#starts
    let columns = 1
    for (let at = 0; at < end && columns <= readColumns; at++) if (bytes[at] === TAB) starts[columns++] = at + 1
    if (columns < readColumns) return { expected: 'at least 8 columns, separated by tabs', got: `${columns}` }
    const contig = this.#contigOf(bytes, starts[1] - 1)
    const position = positionOf(bytes, starts[1], starts[2] - 1)
    const ref = textOf(bytes, starts[3], starts[4] - 1)
    const alt = textOf(bytes, starts[4], starts[5] - 1)
    if (contig === '') return { expected: 'a contig in column 1', got: 'nothing' }
    if (position === undefined) {
      const got = textOf(bytes, starts[1], starts[2] - 1).slice(0, 40)
      return { expected: 'a whole number as POS', got: got || 'nothing' }
    }
    if (ref === '') return { expected: 'bases as REF', got: 'nothing' }
    const alts = alt.includes(',') ? alt.split(',') : [alt]
    if (alts.includes('')) return { expected: 'alleles as ALT', got: alt || 'nothing' }
    record.contig = contig
    record.position = position
    record.ref = ref
    record.alts = alts
    record.infoStart = starts[7]
    record.infoEnd = columns > readColumns ? starts[8] - 1 : end
    return undefined
  }

  /** Mostly that of the record before. */
  #contigOf(bytes: Uint8Array, end: number): string {
    const last = this.#contigBytes
    let same = last.length === end ? 0 : -1
    while (same >= 0 && same < end) same = bytes[same] === last[same] ? same + 1 : -1
    if (same < 0) {
      this.#contigBytes = bytes.slice(0, end)
      this.#contig = textOf(bytes, 0, end)
    }
    return this.#contig
  }
}

class ParsedRecord implements VcfRecord {
  readonly line: number
  readonly offset: number
  readonly bytes: Uint8Array
  readonly tail: AsyncIterable<Uint8Array> | undefined
  readonly endsGroup: boolean
  contig = ''
  position = 0
  ref = ''
  alts: string[] = []
  infoStart = 0
  infoEnd = 0
  problem: FormatError | undefined = undefined
  readonly #file: string

  constructor({ line, offset, bytes, tail }: Line, file: string, endsGroup: boolean) {
    this.line = line
    this.offset = offset
    this.bytes = bytes
    this.tail = tail
    this.#file = file
    this.endsGroup = endsGroup
  }

  get where(): string {
    return `${this.#file} line ${this.line}`
  }
}

/** POS - 1; undefined where the text is not 1 to 15 digits. */
function positionOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end === start || end - start > 15) return undefined
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 48
    if (digit < 0 || digit > 9) return undefined
    value = 10 * value + digit
  }
  return value - 1
}

const letters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))

/** Short text of a kind that is mostly one letter. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end === start + 1 && bytes[start] < 128) return letters[bytes[start]]
  return decoder.decode(bytes.subarray(start, end))
}
