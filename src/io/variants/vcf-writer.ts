import type { VcfHeader, VcfRecord } from './vcf-reader.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const SEMICOLON = 59

/** A header line of ours, without its line end, e.g. `##INFO=<…>`. */
export type HeaderLine = string

/**
 * The header with `added` before its last line; every other byte as it was. Lines that declare an INFO field in `replaced`
 * are left out.
 */
export function* headerBytes(
  header: VcfHeader,
  added: readonly HeaderLine[],
  replaced: readonly string[] = [],
): Generator<Uint8Array> {
  const isReplaced = (line: Uint8Array): boolean => {
    const text = decoder.decode(line.subarray(0, 256))
    return replaced.some((id) => text.startsWith(`##INFO=<ID=${id},`))
  }
  for (const line of header.lines.slice(0, -1)) if (replaced.length === 0 || !isReplaced(line)) yield line
  yield encoder.encode(added.map((line) => line + header.lineEnd).join(''))
  yield header.lines.at(-1) as Uint8Array
}

/**
 * The record's bytes with `entries` (`ID=value`) at the end of its INFO; every other byte as it was, without entries all of
 * them. Entries that INFO has of the names in `replaced` are taken out.
 */
export function* recordBytes(
  record: VcfRecord,
  entries: readonly string[],
  replaced: readonly string[] = [],
): Generator<Uint8Array> {
  const { bytes, infoStart, infoEnd } = record
  const old = replaced.length === 0 ? bytes.subarray(infoStart, infoEnd) : without(bytes, infoStart, infoEnd, replaced)
  if (entries.length === 0 && old.length === infoEnd - infoStart) {
    yield bytes
    return
  }
  const isEmpty = old.length === 0 || (old.length === 1 && old[0] === 46) // `.`
  const text = entries.join(';')
  const added = text === '' ? (isEmpty ? '.' : '') : isEmpty || old.at(-1) === SEMICOLON ? text : `;${text}`
  const kept = isEmpty ? 0 : old.length
  // One piece: the record is short, or what of it is held is.
  const out = new Uint8Array(infoStart + kept + 3 * added.length + bytes.length - infoEnd)
  out.set(bytes.subarray(0, infoStart))
  if (kept > 0) out.set(old, infoStart)
  let end = infoStart + kept
  end += encoder.encodeInto(added, out.subarray(end)).written
  out.set(bytes.subarray(infoEnd), end)
  yield out.subarray(0, end + bytes.length - infoEnd)
}

function without(bytes: Uint8Array, start: number, end: number, ids: readonly string[]): Uint8Array {
  const text = decoder.decode(bytes.subarray(start, end))
  const kept = text.split(';').filter((entry) => !ids.includes(entry.split('=')[0]))
  return kept.length === text.split(';').length ? bytes.subarray(start, end) : encoder.encode(kept.join(';'))
}

/** Text that may stand in a part of an INFO value: what separates there is percent-encoded, as VCF 4.3 has it. */
export const infoText = (text: string): string =>
  text.replaceAll(/[%;=,|\s\x00-\x1f]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
