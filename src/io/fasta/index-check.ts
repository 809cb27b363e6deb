import { GenoconvError } from '../../errors.ts'
import { checkLines } from './checked-lines.ts'
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
    const wantedBytes = baseOffset(entry, position + 1) + 1 - offset
    const bytes = await reader.read(wantedBytes, offset, signal)
    if (bytes.length < wantedBytes) throw new StaleIndex(`record ${entry.name} ends before base ${position + 1}`)
    checkLines(bytes, entry, position)
  }
}
