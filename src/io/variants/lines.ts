import { FormatError } from '../../errors.ts'
import { concatBytes } from '../bytes/byte-source.ts'

const NEWLINE = 10
const TAB = 9
/** Bytes of a line after which, if its first eight columns are complete, the rest is handed on in pieces. */
const longLineBytes = 1 << 20
const columnsHeld = 8
/** A line that is longer before it has as many columns is none: binary data, a device without an end. */
const mostHeldBytes = 1 << 26

/** A line as it stands in the file, its line end included. */
export interface Line {
  /** 1-based. */
  readonly line: number
  /** Unpacked bytes of the file before it. */
  readonly offset: number
  /** The whole line or, where there is a tail, at least its first eight columns. */
  readonly bytes: Uint8Array
  /** What follows `bytes` of a very long line; must be read to its end before the next line is asked for. */
  readonly tail: AsyncIterable<Uint8Array> | undefined
}

/** Where a part of a text begins. */
export interface LinePlace {
  /** 1-based. */
  readonly line: number
  /** Unpacked bytes before it. */
  readonly offset: number
}

/**
 * Lines of unpacked bytes, of which the first stands at `from`. A very long line (many samples) is never held whole: memory
 * does not depend on its length.
 *
 * @throws FormatError for a line of `name` that is too long to be one of columns
 */
export async function* lines(
  source: AsyncIterable<Uint8Array>,
  name = 'text',
  from: LinePlace = { line: 1, offset: 0 },
): AsyncGenerator<Line> {
  const pieces = source[Symbol.asyncIterator]()
  let line = from.line - 1
  let offset = from.offset
  /** Bytes that were read and not given yet. */
  let rest: Uint8Array = new Uint8Array(0)
  const pull = async (): Promise<Uint8Array | undefined> => {
    const next = await pieces.next()
    return next.done ? undefined : next.value
  }
  const readTail = async function* (): AsyncGenerator<Uint8Array> {
    for (let piece = await pull(); piece; piece = await pull()) {
      const end = piece.indexOf(NEWLINE)
      offset += end < 0 ? piece.length : end + 1
      if (end < 0) {
        yield piece
        continue
      }
      rest = piece.subarray(end + 1)
      yield piece.subarray(0, end + 1)
      return
    }
  }
  const lineOf = (bytes: Uint8Array, tail?: AsyncIterable<Uint8Array>): Line => {
    const found = { line: ++line, offset, bytes, tail }
    offset += bytes.length
    return found
  }
  try {
    for (;;) {
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        const bytes = rest.subarray(0, end + 1)
        rest = rest.subarray(end + 1)
        yield lineOf(bytes)
      }
      // `rest` begins a line that ends in a later piece.
      const parts = [rest]
      let byteCount = rest.length
      let tabs = countTabs(rest)
      let isOpen = true
      while (isOpen) {
        if (byteCount > longLineBytes && tabs >= columnsHeld) {
          const tail = readTail()
          rest = new Uint8Array(0)
          yield lineOf(concatBytes(parts), tail)
          break
        }
        const piece = await pull()
        if (!piece) {
          if (byteCount > 0) yield lineOf(concatBytes(parts))
          return
        }
        const end = piece.indexOf(NEWLINE)
        isOpen = end < 0
        const part = isOpen ? piece : piece.subarray(0, end + 1)
        parts.push(part)
        byteCount += part.length
        tabs += countTabs(part)
        if (byteCount > mostHeldBytes && tabs < columnsHeld) throw endless(name, line + 1)
        if (isOpen) continue
        rest = piece.subarray(end + 1)
        yield lineOf(concatBytes(parts))
      }
    }
  } finally {
    await pieces.return?.()
  }
}

/** The beginning of a line for an error message, which must be fit for a terminal. */
export const showLine = (text: string, most: number): string =>
  /[\0-\x08\x0e-\x1f]/.test(text) ? 'binary data' : text.trimEnd().slice(0, most)

const endless = (name: string, line: number): FormatError =>
  new FormatError({
    where: `${name} line ${line}`,
    what: 'the line is too long',
    expected: `${columnsHeld} columns in at most ${mostHeldBytes} bytes`,
    got: 'more bytes',
  })

function countTabs(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(TAB); at >= 0 && count < columnsHeld; at = bytes.indexOf(TAB, at + 1)) count++
  return count
}
