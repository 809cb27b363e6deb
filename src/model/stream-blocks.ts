import { encode } from './alphabet.ts'

/** Streamed (causal) models: the sequence, its left context included, in blocks of `blockLength` codes; the last may be shorter. */
export interface Block {
  /** Position of the block's first base; the first base to predict is 0, context lies before it. */
  readonly start: number
  readonly codes: Float32Array
  /** ASCII letters of the block. */
  readonly bases: Uint8Array
}

export async function* cutBlocks(
  source: AsyncIterable<Uint8Array>,
  options: {
    readonly length: number
    readonly leftContext: number
    readonly blockLength: number
    readonly codeOf: Float32Array
  },
): AsyncGenerator<Block> {
  const { codeOf, blockLength } = options
  let start = -options.leftContext
  let room = options.length + options.leftContext
  let bases = new Uint8Array(blockLength)
  let count = 0
  const take = (): Block => {
    const block = { start, bases: bases.subarray(0, count), codes: encode(bases.subarray(0, count), codeOf) }
    start += count
    bases = new Uint8Array(blockLength)
    count = 0
    return block
  }
  for await (const piece of source) {
    let rest = piece.length > room ? piece.subarray(0, room) : piece
    room -= rest.length
    while (rest.length > 0) {
      const part = rest.subarray(0, blockLength - count)
      bases.set(part, count)
      count += part.length
      rest = rest.subarray(part.length)
      if (count === blockLength) yield take()
    }
    if (room <= 0) break
  }
  if (count > 0) yield take()
}
