import { crc32 } from '../../crc32.ts'
import { FormatError } from '../../errors.ts'

/** The part of PKZIP that `torch.save` writes: stored entries, with or without zip64 fields. Source: APPNOTE.TXT 6.3.10. */
export interface ZipEntry {
  readonly name: string
  /** A view on the file's bytes. Throws FormatError where the entry is compressed, cut, or fails its CRC-32. */
  read(): Uint8Array
  readonly byteCount: number
}

const localSignature = 0x04034b50
const centralSignature = 0x02014b50
const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locator64Signature = 0x07064b50

/** Reads the central directory. @throws FormatError naming the entry or the offset. */
export function parseZip(bytes: Uint8Array, where: string): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fail = (what: string, more: { expected?: string; got?: string; remedy?: string } = {}): never => {
    throw new FormatError({ where, what, ...more })
  }
  const directory = findDirectory(bytes, view)
  if (!directory) return fail('truncated zip archive: it has no end record', { remedy: 'fetch or save the file again' })
  const { entryCount, directoryOffset, directoryBytes, endOffset } = directory
  if (directoryOffset + directoryBytes > endOffset) {
    fail('truncated zip archive: its directory goes beyond its end', {
      expected: `at most ${endOffset}`,
      got: `${directoryOffset + directoryBytes}`,
    })
  }
  const entries = new Map<string, ZipEntry>()
  let at = directoryOffset
  const directoryEnd = directoryOffset + directoryBytes
  for (let i = 0; i < entryCount; i++) {
    if (at + 46 > directoryEnd || view.getUint32(at, true) !== centralSignature)
      fail(`zip directory damaged at offset ${at}`)
    const flags = view.getUint16(at + 8, true)
    const method = view.getUint16(at + 10, true)
    const crc = view.getUint32(at + 16, true)
    const nameBytes = view.getUint16(at + 28, true)
    const extraBytes = view.getUint16(at + 30, true)
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true)
    if (next > directoryEnd) fail(`zip directory damaged at offset ${at}`)
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes))
    const sizes = wideSizes(view, at, at + 46 + nameBytes, extraBytes)
    if (!sizes) return fail(`zip entry ${name}: its zip64 field is damaged`)
    if (entries.has(name)) fail(`zip entry ${name} stands twice`)
    const { storedBytes, byteCount, headerOffset } = sizes
    const read = (): Uint8Array => {
      if (flags & 1) fail(`zip entry ${name} is encrypted`)
      if (method !== 0 || storedBytes !== byteCount) {
        fail(`zip entry ${name} is compressed`, {
          expected: 'stored bytes, as torch.save writes them',
          got: `method ${method}`,
          remedy: 'save the file again with torch.save',
        })
      }
      if (headerOffset + 30 > directoryOffset || view.getUint32(headerOffset, true) !== localSignature)
        fail(`zip entry ${name}: no entry at offset ${headerOffset}`)
      const start =
        headerOffset + 30 + view.getUint16(headerOffset + 26, true) + view.getUint16(headerOffset + 28, true)
      if (start + byteCount > directoryOffset)
        fail(`zip entry ${name} goes beyond the entries`, {
          expected: `at most ${directoryOffset}`,
          got: `${start + byteCount}`,
        })
      const content = bytes.subarray(start, start + byteCount)
      const actual = crc32(content)
      // torch.serialization.set_crc32_options(False) leaves the field zero.
      if (crc !== 0 && actual !== crc) {
        fail(`zip entry ${name} is damaged (CRC-32)`, {
          expected: crc.toString(16),
          got: actual.toString(16),
          remedy: 'fetch the file again',
        })
      }
      return content
    }
    entries.set(name, { name, byteCount, read })
    at = next
  }
  return entries
}

function findDirectory(
  bytes: Uint8Array,
  view: DataView,
): { entryCount: number; directoryOffset: number; directoryBytes: number; endOffset: number } | undefined {
  const earliest = Math.max(0, bytes.length - 22 - 0xffff)
  for (let end = bytes.length - 22; end >= earliest; end--) {
    if (view.getUint32(end, true) !== endSignature || end + 22 + view.getUint16(end + 20, true) !== bytes.length)
      continue
    const locator = end - 20
    if (locator >= 0 && view.getUint32(locator, true) === locator64Signature) {
      const end64 = Number(view.getBigUint64(locator + 8, true))
      if (end64 + 56 > locator || view.getUint32(end64, true) !== end64Signature) return undefined
      return {
        entryCount: Number(view.getBigUint64(end64 + 32, true)),
        directoryBytes: Number(view.getBigUint64(end64 + 40, true)),
        directoryOffset: Number(view.getBigUint64(end64 + 48, true)),
        endOffset: end64,
      }
    }
    return {
      entryCount: view.getUint16(end + 10, true),
      directoryBytes: view.getUint32(end + 12, true),
      directoryOffset: view.getUint32(end + 16, true),
      endOffset: end,
    }
  }
  return undefined
}

/** Sizes and offset of a directory entry; fields of all ones stand in the zip64 extra field, in this order. */
function wideSizes(
  view: DataView,
  at: number,
  extraOffset: number,
  extraBytes: number,
): { byteCount: number; storedBytes: number; headerOffset: number } | undefined {
  let storedBytes = view.getUint32(at + 20, true)
  let byteCount = view.getUint32(at + 24, true)
  let headerOffset = view.getUint32(at + 42, true)
  const end = extraOffset + extraBytes
  for (let field = extraOffset; field + 4 <= end; ) {
    const fieldEnd = field + 4 + view.getUint16(field + 2, true)
    if (view.getUint16(field, true) === 1) {
      let value = field + 4
      const take = (): number => {
        value += 8
        return value <= fieldEnd && fieldEnd <= end ? Number(view.getBigUint64(value - 8, true)) : NaN
      }
      if (byteCount === 0xffffffff) byteCount = take()
      if (storedBytes === 0xffffffff) storedBytes = take()
      if (headerOffset === 0xffffffff) headerOffset = take()
    }
    field = fieldEnd
  }
  return [storedBytes, byteCount, headerOffset].every(Number.isSafeInteger)
    ? { storedBytes, byteCount, headerOffset }
    : undefined
}
