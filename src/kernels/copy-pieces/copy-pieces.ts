import { checkPieces, type Pieces } from '../pieces.ts'
import { expectShape, type Tensor } from '../tensor.ts'

/**
 * Stretches of the input, each from a place of its own: for piece k and t below the pieces' length
 * `out[c, k · stride + t] = input[c, starts[k] + shift + t]`, 0 where that lies outside the input's positions. Positions of
 * `out` between pieces stay as they are. `out` does not overlap the input.
 */
export interface CopyPiecesArguments<T extends Tensor = Tensor> {
  readonly out: T // [channels, (count - 1) · stride + length]
  readonly input: T // [channels, any length]
  readonly starts: T // [1, count], whole numbers below 2^24 in size, stored as f32
  readonly shift: number
  readonly pieces: Pieces
}

export function checkCopyPieces({ out, input, starts, pieces }: CopyPiecesArguments): void {
  checkPieces('copyPieces', out, pieces)
  expectShape('copyPieces', 'input', input, out.channelCount, input.length)
  expectShape('copyPieces', 'starts', starts, 1, pieces.count)
}
