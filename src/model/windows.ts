import { encode } from './alphabet.ts'

/**
 * Windowed models: the one place that cuts sequence into core + halo. Cores tile the sequence exactly once, each window
 * carries `halo` positions of true sequence (or padding, beyond what the source has) on each side of its core.
 *
 *   source   |---- leftContext ----|=============== length ===============|-- rightContext --|
 *   window             |-- halo.left --|====== core ======|-- halo.right --|
 */

export interface Halo {
  readonly left: number
  readonly right: number
}

export interface Window {
  /** 0-based position of the core's first base among the `length` bases to predict. */
  readonly start: number
  readonly coreLength: number
  /** Codes of halo.left + coreLength + halo.right positions. */
  readonly codes: Float32Array
}

export interface WindowOptions {
  /** Bases to predict; Infinity where the source decides (then rightContext is 0). */
  readonly length: number
  readonly leftContext: number
  readonly rightContext: number
  readonly halo: Halo
  readonly coreLength: number
  /** ASCII letter -> code. */
  readonly codeOf: Float32Array
  readonly paddingCode: number
}

export async function* cutWindows(source: AsyncIterable<Uint8Array>, options: WindowOptions): AsyncGenerator<Window> {
  const { length, halo, coreLength, codeOf, paddingCode } = options
  // Codes of positions [first, first + count), position 0 being the first to predict.
  let buffer = new Float32Array(coreLength + halo.left + halo.right)
  let first = -halo.left
  let count = 0
  const append = (code: Float32Array): void => {
    if (count + code.length > buffer.length) {
      const grown = new Float32Array(Math.max(count + code.length, 2 * buffer.length))
      grown.set(buffer.subarray(0, count))
      buffer = grown
    }
    buffer.set(code, count)
    count += code.length
  }
  const pad = (positions: number): void => append(new Float32Array(Math.max(0, positions)).fill(paddingCode))
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
    append(encode(piece, codeOf))
    while (start + coreLength <= length && count >= halo.left + coreLength + halo.right) yield take(coreLength)
    if (room <= 0) break
  }
  const end = Number.isFinite(length) ? length : first + count
  pad(end + halo.right - (first + count))
  while (start < end) yield take(Math.min(coreLength, end - start))
}
