import { StaleIndex } from '../bytes/stale-index.ts'

/** The `.fai` index of samtools: name, length, offset, line bases and line bytes of each record, tab-separated. */

export interface FaiEntry {
  readonly name: string
  /** Bases of the record. */
  readonly length: number
  /** Offset of the record's first base in the uncompressed file. */
  readonly offset: number
  readonly lineBases: number
  /** Bytes of a full line, its end included. */
  readonly lineBytes: number
}

/** Uncompressed file offset of base `position` (0-based) of a record. */
export function baseOffset(entry: FaiEntry, position: number): number {
  const column = position % entry.lineBases
  return entry.offset + ((position - column) / entry.lineBases) * entry.lineBytes + column
}

/** So many lines are joined at once: a list of all of them takes several times their text. */
const JOINED_LINES = 10_000

export function formatFai(entries: readonly FaiEntry[]): string {
  // samtools leaves records without bases out.
  const parts: string[] = []
  for (let i = 0; i < entries.length; i += JOINED_LINES) {
    const lines = entries.slice(i, i + JOINED_LINES).filter((entry) => entry.length > 0)
    parts.push(lines.map((e) => `${e.name}\t${e.length}\t${e.offset}\t${e.lineBases}\t${e.lineBytes}\n`).join(''))
  }
  return parts.join('')
}

/** Parses a `.fai`; StaleIndex naming the line if it is malformed or its records overlap. */
export function parseFai(bytes: Uint8Array): FaiEntry[] {
  const entries: FaiEntry[] = []
  const names = new Set<string>()
  let end = 0
  const lines = new TextDecoder().decode(bytes).split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const [i, line] of lines.entries()) {
    const fields = line.replace(/\r$/, '').split('\t')
    const numbers = fields.slice(1).map((field) => (/^\d{1,16}$/.test(field) ? Number(field) : Number.NaN))
    const [length, offset, lineBases, lineBytes] = numbers
    const isSane =
      fields.length === 5 && numbers.every(Number.isSafeInteger) && length > 0 && lineBases > 0 && lineBytes > lineBases
    if (!isSane) throw new StaleIndex(`line ${i + 1} is not a name and four numbers that fit together`)
    const entry = { name: fields[0], length, offset, lineBases, lineBytes }
    if (names.has(entry.name)) throw new StaleIndex(`line ${i + 1} names ${entry.name} a second time`)
    names.add(entry.name)
    // A header `>name` and its line end must fit between two records.
    if (offset < end + 2) throw new StaleIndex(`line ${i + 1}: the record begins inside the one before it`)
    end = baseOffset(entry, length - 1) + 1
    if (!Number.isSafeInteger(end)) throw new StaleIndex(`line ${i + 1}: the record is larger than any file`)
    entries.push(entry)
  }
  if (entries.length === 0) throw new StaleIndex('it is empty')
  return entries
}
