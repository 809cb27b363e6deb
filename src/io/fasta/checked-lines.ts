import { StaleIndex } from '../bytes/stale-index.ts'
import { endOfBases } from './alphabet.ts'
import type { FaiEntry } from './fai.ts'

const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13)

/**
 * Compares raw `bytes` of a record, which begin with base `position` (0-based), with its index: line ends, and nothing
 * else, stand where `entry` puts them, and bases everywhere else.
 *
 * @throws StaleIndex naming the base where they differ
 */
export function checkLines(bytes: Uint8Array, entry: FaiEntry, position: number): void {
  let at = 0
  let base = position
  while (at < bytes.length) {
    const lineEnd = Math.min(bytes.length, at + entry.lineBases - (base % entry.lineBases))
    const stop = endOfBases(bytes, at, lineEnd)
    base += stop - at
    if (stop < lineEnd) throw new StaleIndex(`record ${entry.name} has no base at ${base}`)
    const next = Math.min(bytes.length, lineEnd + entry.lineBytes - entry.lineBases)
    for (let i = lineEnd; i < next; i++) {
      if (!isBlank(bytes[i])) throw new StaleIndex(`record ${entry.name} has no line end after base ${base - 1}`)
    }
    at = next
  }
}
