import { FormatError } from '../../errors.ts'
import type { ByteSource } from '../bytes/byte-source.ts'
import { unpackedStream } from '../bytes/unpack.ts'
import { type Line, lines as linesOf } from './lines.ts'

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
}

const TAB = 9
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
  const lines = linesOf(unpackedStream(source, { signal: options.signal, onWarning: options.onWarning }), source.name)
  const header = await readHeader(lines, source.name)
  const records = async function* (): AsyncGenerator<VcfRecord> {
    let held = 0
    for await (const line of lines) {
      options.signal?.throwIfAborted()
      held += line.bytes.length
      const endsGroup = line.tail !== undefined || held > heldBytes
      if (endsGroup) held = 0
      yield parseRecord(line, source.name, options.onBadRecord === 'keep', endsGroup)
    }
  }
  return { header, records: records() }
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
  const isBinary = /[\0-\x08\x0e-\x1f]/.test(text)
  throw new FormatError({
    where,
    what: 'not a VCF',
    expected: '##fileformat=VCFv4',
    got: text.startsWith('BCF') ? 'a BCF file' : isBinary ? 'binary data' : text.trimEnd().slice(0, 40),
    remedy: text.startsWith('BCF') ? 'convert it with bcftools view' : undefined,
  })
}

const noChromLine = (where: string, got: string): FormatError =>
  new FormatError({ where, what: 'not a VCF', expected: 'a #CHROM line before the records', got })

const endsWithReturn = (line: Uint8Array): boolean => line.at(-1) === 10 && line.at(-2) === 13

function parseRecord(line: Line, name: string, keepsBad: boolean, endsGroup: boolean): VcfRecord {
  const { bytes, tail } = line
  const where = `${name} line ${line.line}`
  const none = {
    ...line,
    where,
    contig: '',
    position: 0,
    ref: '',
    alts: [],
    infoStart: 0,
    infoEnd: 0,
    problem: undefined,
  }
  let end = bytes.length
  if (!tail) while (end > 0 && (bytes[end - 1] === 10 || bytes[end - 1] === 13)) end--
  if (end === 0) return { ...none, endsGroup } // a blank line
  const fail = (what: string, expected?: string, got?: string): VcfRecord => {
    const problem = new FormatError({ where, what, expected, got })
    if (!keepsBad) throw problem
    return { ...none, endsGroup, problem }
  }
  const starts = [0]
  for (let at = bytes.indexOf(TAB); at >= 0 && at < end && starts.length < 9; at = bytes.indexOf(TAB, at + 1))
    starts.push(at + 1)
  if (starts.length < 8) return fail('malformed record', 'at least 8 columns, separated by tabs', `${starts.length}`)
  const column = (i: number): string => decoder.decode(bytes.subarray(starts[i], starts[i + 1] - 1))
  const [contig, pos, ref, alt] = [column(0), column(1), column(3), column(4)]
  if (contig === '') return fail('malformed record', 'a contig in column 1', 'nothing')
  if (!/^\d{1,15}$/.test(pos)) return fail('malformed record', 'a whole number as POS', pos.slice(0, 40) || 'nothing')
  if (ref === '') return fail('malformed record', 'bases as REF', 'nothing')
  if (alt === '' || alt.split(',').includes('')) return fail('malformed record', 'alleles as ALT', alt || 'nothing')
  return {
    ...line,
    where,
    contig,
    position: Number(pos) - 1,
    ref,
    alts: alt.split(','),
    infoStart: starts[7],
    infoEnd: starts.length > 8 ? starts[8] - 1 : end,
    problem: undefined,
    endsGroup,
  }
}
