import { FormatError, RegionError } from '../../errors.ts'
import type { Contig, Region, Strand } from '../../genome.ts'
import { type ByteSource, concatBytes } from '../bytes/byte-source.ts'
import { nameSome } from './names.ts'
import { contigMap } from './region-text.ts'
import { unpackedStream } from '../bytes/unpack.ts'

/** Longest line that is read; a BED12 line of the largest gene is a few kilobytes. */
const MAX_LINE_BYTES = 1 << 20
const MIN_COLUMNS = 3
const MAX_COLUMNS = 12
const NEWLINE = 10

/** A region of a BED file with the line (1-based) it stands in, so that later complaints can name it. */
export interface BedRegion extends Region {
  readonly line: number
}

/**
 * Regions of a BED file: 3 to 12 columns, split by tabs, or by blanks where a line has no tab. Column 4 becomes the name and
 * column 6 the strand (`.` means none). LF or CRLF; blank lines, `#` comments, `track` and `browser` lines are passed over.
 * FormatError naming the line for a malformed one; RegionError naming the line for start >= end and, with `contigs`, for an
 * unknown contig or positions outside it (with its length). Streams: memory does not depend on the file.
 */
export async function* parseBed(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  name: string,
  contigs?: readonly Contig[] | ReadonlyMap<string, Contig>,
): AsyncGenerator<BedRegion> {
  const known =
    contigs &&
    (contigs instanceof Map ? (contigs as ReadonlyMap<string, Contig>) : contigMap(contigs as readonly Contig[]))
  const pieces = bytes instanceof Uint8Array ? [bytes] : bytes
  const decoder = new TextDecoder()
  let left: Uint8Array[] = []
  let leftBytes = 0
  let line = 0
  const regionsOf = function* (text: string): Generator<BedRegion> {
    for (const content of text.split('\n')) {
      const region = parseLine(content, ++line, name, known)
      if (region) yield region
    }
  }
  for await (const piece of pieces) {
    const lastNewline = piece.lastIndexOf(NEWLINE)
    left.push(lastNewline < 0 ? piece : piece.subarray(0, lastNewline))
    leftBytes += left[left.length - 1].length
    if (lastNewline < 0) {
      if (leftBytes > MAX_LINE_BYTES) throw tooLong(name, line + 1)
      continue
    }
    yield* regionsOf(decoder.decode(concatBytes(left)))
    left = [piece.subarray(lastNewline + 1)]
    leftBytes = left[0].length
  }
  if (leftBytes > 0) yield* regionsOf(decoder.decode(concatBytes(left)))
}

/** All regions of the BED file `path` (plain, gzip or BGZF; `-` is standard input), as `parseBed`. FormatError if there are none. */
export async function readBed(
  path: string,
  contigs?: readonly Contig[] | ReadonlyMap<string, Contig>,
  signal?: AbortSignal,
): Promise<BedRegion[]> {
  const { openLocalFile, standardInput } = await import('../bytes/local-file.ts')
  const source: ByteSource = path === '-' ? standardInput() : await openLocalFile(path)
  try {
    const regions: BedRegion[] = []
    for await (const region of parseBed(unpackedStream(source, { signal }), source.name, contigs)) regions.push(region)
    if (regions.length === 0) throw new FormatError({ where: source.name, what: 'no regions', expected: 'BED lines' })
    return regions
  } finally {
    await source.close()
  }
}

function parseLine(
  content: string,
  line: number,
  name: string,
  contigs?: ReadonlyMap<string, Contig>,
): BedRegion | undefined {
  if (content.length > MAX_LINE_BYTES) throw tooLong(name, line)
  const text = content.endsWith('\r') ? content.slice(0, -1) : content
  if (text.startsWith('#') || text.trim() === '') return undefined
  const fields = text.includes('\t') ? text.split('\t') : text.trim().split(/ +/)
  const isNumber = fields.length >= MIN_COLUMNS && /^\d+$/.test(fields[1].trim())
  if (!isNumber && /^(track|browser)\b/.test(text)) return undefined
  const where = `${name} line ${line}`
  // bedtools lets a line end in a tab.
  while (fields.length > MIN_COLUMNS && fields[fields.length - 1].trim() === '') fields.pop()
  if (fields.length < MIN_COLUMNS || fields.length > MAX_COLUMNS) {
    throw new FormatError({ where, what: 'malformed BED line', expected: '3 to 12 columns', got: `${fields.length}` })
  }
  const contig = fields[0]
  const start = toPosition(fields[1], 'start', where)
  const end = toPosition(fields[2], 'end', where)
  const strand = fields[5]?.trim()
  if (contig.trim() === '')
    throw new FormatError({ where, what: 'malformed BED line', expected: 'a contig in column 1', got: 'nothing' })
  if (strand !== undefined && !['+', '-', '.', ''].includes(strand)) {
    throw new FormatError({
      where,
      what: 'malformed BED line',
      expected: '+, - or . in column 6',
      got: strand.slice(0, 40),
    })
  }
  const known = checkPlace(contig, start, end, where, contigs)
  const label = fields[3]?.trim()
  return {
    contig: known?.name ?? contig, // one text for all regions of a contig, however many
    start,
    end,
    ...(label && label !== '.' && { name: label }),
    ...((strand === '+' || strand === '-') && { strand: strand as Strand }),
    line,
  }
}

function checkPlace(
  contig: string,
  start: number,
  end: number,
  where: string,
  contigs?: ReadonlyMap<string, Contig>,
): Contig | undefined {
  const known = contigs?.get(contig)
  if (contigs && !known) {
    throw new RegionError({
      where,
      what: 'no such contig',
      expected: nameSome([...contigs.keys()]),
      got: contig.slice(0, 200),
    })
  }
  const length = known ? ` (contig ${contig} has length ${known.length})` : ''
  if (start >= end)
    throw new RegionError({ where, what: 'empty region', expected: `start < end${length}`, got: `${start}-${end}` })
  if (known && end > known.length) {
    const what = `outside contig ${contig} of length ${known.length}`
    throw new RegionError({ where, what, expected: `end <= ${known.length}`, got: `${start}-${end}` })
  }
  return known
}

function toPosition(field: string, what: 'start' | 'end', where: string): number {
  const value = /^\d{1,15}$/.test(field.trim()) ? Number(field) : Number.NaN
  if (Number.isNaN(value)) {
    throw new FormatError({
      where,
      what: 'malformed BED line',
      expected: `a whole number as ${what}`,
      got: field.slice(0, 40) || 'nothing',
    })
  }
  return value
}

const tooLong = (name: string, line: number): FormatError =>
  new FormatError({
    where: `${name} line ${line}`,
    what: 'malformed BED line',
    expected: `at most ${MAX_LINE_BYTES} characters`,
    got: 'more',
  })
