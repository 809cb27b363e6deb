import { encode } from './alphabet.ts'

/**
 * Windowed models: the one place that cuts sequence into core + halo. Cores tile the sequence exactly once, each window
 * carries `halo` positions of true sequence (or padding, beyond what the source has) on each side of its core.
 *
 *   source   |---- leftContext ----|=============== length ===============|-- rightContext --|
 *   window             |-- halo.left --|====== core ======|-- halo.right --|
 */

/** Positions of true sequence, or padding, on each side of a core. */
export interface Halo {
  readonly left: number
  readonly right: number
}

/** How letters become codes. */
interface Coding {
  /** ASCII letter -> code. */
  readonly codeOf: Float32Array
  readonly paddingCode: number
}

export interface Window {
  /** 0-based position of the core's first base among the `length` bases to predict. */
  readonly start: number
  readonly coreLength: number
  /** Codes of halo.left + coreLength + halo.right positions. */
  readonly codes: Float32Array
}

export interface WindowOptions extends Coding {
  /** Bases to predict; Infinity where the source decides (then rightContext is 0). */
  readonly length: number
  readonly leftContext: number
  readonly rightContext: number
  readonly halo: Halo
  readonly coreLength: number
}

export async function* cutWindows(source: AsyncIterable<Uint8Array>, options: WindowOptions): AsyncGenerator<Window> {
  const { length, halo, coreLength, codeOf, paddingCode } = options
  // Codes of positions [first, first + count), position 0 being the first to predict.
  let buffer = new Float32Array(coreLength + halo.left + halo.right)
  let first = -halo.left
  let count = 0
  /** Room for `positions` more codes. */
  const extend = (positions: number): Float32Array => {
    if (count + positions > buffer.length) {
      const grown = new Float32Array(Math.max(count + positions, 2 * buffer.length))
      grown.set(buffer.subarray(0, count))
      buffer = grown
    }
    count += positions
    return buffer.subarray(count - positions, count)
  }
  const pad = (positions: number): void => {
    extend(Math.max(0, positions)).fill(paddingCode)
  }
  let start = 0
  const take = (size: number): Window => {
    const codes = buffer.slice(0, halo.left + size + halo.right)
    const window = { start, coreLength: size, codes }
    buffer.copyWithin(0, size, count)
    count -= size
    first += size
    start += size
    return window
  }

  pad(halo.left - options.leftContext)
  let skip = Math.max(0, options.leftContext - halo.left) // context beyond the halo changes nothing
  let room = length + halo.right + halo.left - count // and nor does what lies behind the last halo
  for await (const bases of source) {
    let piece = bases
    if (skip > 0) {
      const dropped = Math.min(skip, piece.length)
      skip -= dropped
      piece = piece.subarray(dropped)
    }
    if (piece.length > room) piece = piece.subarray(0, room)
    room -= piece.length
    encode(piece, codeOf, extend(piece.length))
    while (start + coreLength <= length && count >= halo.left + coreLength + halo.right) yield take(coreLength)
    if (room <= 0) break
  }
  const end = Number.isFinite(length) ? length : first + count
  pad(end + halo.right - (first + count))
  while (start < end) yield take(Math.min(coreLength, end - start))
}

/** A short stretch of sequence with the real sequence around it, as in `Piece`. */
interface Cut {
  readonly bases: Uint8Array
  readonly leftContext: number
  readonly length: number
  readonly rightContext: number
}

/** Many short pieces in one window. */
export interface Row {
  readonly codes: Float32Array
  /** Of each piece: where its core begins among the window's results, of which there are codes.length - halo. */
  readonly starts: readonly number[]
}

/**
 * Lays pieces side by side, each core with its halo around it, so that a network without padding inside gives for each
 * core what it gives for the piece alone. Neighbours share the padding between them; results there mean nothing.
 */
export function cutRow(pieces: readonly Cut[], { halo, codeOf, paddingCode }: Coding & { halo: Halo }): Row {
  let length = 0 // up to the end of the last piece's real sequence
  let missing = 0 // of its halo on the right
  const laid = pieces.map(({ leftContext, length: coreLength, rightContext }) => {
    const left = Math.min(leftContext, halo.left)
    const right = Math.min(rightContext, halo.right)
    const at = length + Math.max(missing, halo.left - left)
    length = at + left + coreLength + right
    missing = halo.right - right
    return { at, start: at + left - halo.left, first: leftContext - left, last: leftContext + coreLength + right }
  })
  const codes = new Float32Array(length + missing).fill(paddingCode)
  for (const [i, { at, first, last }] of laid.entries())
    encode(pieces[i].bases.subarray(first, last), codeOf, codes.subarray(at))
  return { codes, starts: laid.map(({ start }) => start) }
}
