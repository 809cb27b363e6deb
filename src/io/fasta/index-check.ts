import { GenoconvError } from '../../errors.ts'
import { isBase } from './alphabet.ts'
import { PIECE_BYTES } from '../bytes/byte-source.ts'
import type { DataReader } from '../bytes/data-reader.ts'
import { baseOffset, type FaiEntry } from './fai.ts'
import { FastaScanner } from './fasta-scan.ts'
import { StaleIndex } from '../bytes/stale-index.ts'

/**
 * Checks what stands between record `i - 1` and record `i` of an index (`i` may be the number of records: the end of the
 * file): nothing but the end of the one, headers of records without bases, and the header of the other. Returns the names of
 * those empty records; StaleIndex if there is anything else. Together the gaps of all records prove that lengths, offsets
 * and names fit the file.
 */
export async function checkGap(
  reader: DataReader,
  entries: readonly FaiEntry[],
  i: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const before = entries[i - 1] as FaiEntry | undefined
  const after = entries[i] as FaiEntry | undefined
  const start = before ? baseOffset(before, before.length - 1) : 0
  const end = after ? after.offset : reader.dataBytes
  const place = after ? `record ${after.name}` : 'the end of the file'
  if (start >= end || end > reader.dataBytes) throw new StaleIndex(`${place} is not where it says`)
  const names: string[] = []
  let baseCount = 0
  const scanner = new FastaScanner('index', {
    header: (name) => names.push(name),
    bases: (_, from, to) => {
      baseCount += to - from
    },
  })
  // The last base of the record before must be the only one in the gap.
  if (before) scanner.push(new TextEncoder().encode('>before\n'))
  let lastByte = 0
  try {
    for (let position = start; position < end; position += PIECE_BYTES) {
      const bytes = await reader.read(Math.min(PIECE_BYTES, end - position), position, signal)
      scanner.push(bytes)
      if (baseCount > 1) break
      lastByte = bytes[bytes.length - 1]
    }
  } catch (cause) {
    if (cause instanceof GenoconvError && cause.where.startsWith('index'))
      throw new StaleIndex(`${place} is not where it says`, { cause })
    throw cause
  }
  const headers = before ? names.slice(1) : names
  if (baseCount !== (before ? 1 : 0)) throw new StaleIndex(`${place} is not where it says`)
  if (after && (headers.pop() !== after.name || lastByte !== 10))
    throw new StaleIndex(`there is no header ">${after.name}" where it says`)
  return headers
}

/** Looks at the first, a middle and the last line end of a record; StaleIndex if its lines are not as long as `entry` says. */
export async function checkLineEnds(reader: DataReader, entry: FaiEntry, signal?: AbortSignal): Promise<void> {
  const fullLines = Math.floor((entry.length - 1) / entry.lineBases)
  if (fullLines === 0) return
  for (const line of new Set([1, Math.ceil(fullLines / 2), fullLines])) {
    const position = line * entry.lineBases - 1
    const offset = baseOffset(entry, position)
    const bytes = await reader.read(baseOffset(entry, position + 1) + 1 - offset, offset, signal)
    unwrapLines(bytes, entry, position, new Uint8Array(2))
  }
}

/** Copies up to `count` bases, until a byte that is none; returns how many. A small loop, for the compiler. */
function copyBases(
  bytes: Uint8Array,
  from: number,
  bases: Uint8Array,
  to: number,
  count: number,
  isBase: Uint8Array,
): number {
  for (let i = 0; i < count; i++) {
    const byte = bytes[from + i]
    if (isBase[byte] === 0) return i
    bases[to + i] = byte
  }
  return count
}

/**
 * Takes the bases from raw file bytes of a record, that begin with base `position`, until `bases` is full. StaleIndex if a
 * line end is not where `entry` says or a byte between is no letter of a sequence.
 */
export function unwrapLines(bytes: Uint8Array, entry: FaiEntry, position: number, bases: Uint8Array): void {
  const endBytes = entry.lineBytes - entry.lineBases
  let column = position % entry.lineBases
  let from = 0
  let filled = 0
  for (;;) {
    const count = Math.min(entry.lineBases - column, bases.length - filled)
    if (from + count > bytes.length)
      throw new StaleIndex(`record ${entry.name} ends before base ${position + bases.length}`)
    const copied = copyBases(bytes, from, bases, filled, count, isBase)
    if (copied < count) throw new StaleIndex(`record ${entry.name} has no base at ${position + filled + copied}`)
    filled += count
    if (filled === bases.length) return
    from += count
    for (let i = 0; i < endBytes; i++) {
      if (isBase[bytes[from + i]] === 1)
        throw new StaleIndex(`record ${entry.name} has no line end after base ${position + filled - 1}`)
    }
    from += endBytes
    column = 0
  }
}
