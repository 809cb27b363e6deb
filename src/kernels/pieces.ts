import { ShapeError } from '../errors.ts'
import type { Tensor } from './tensor.ts'

/** Pieces of one length that lie side by side in the rows of a tensor; what lies between them is neither read nor written. */
export interface Pieces {
  readonly count: number
  /** Positions from the start of a piece to that of the next. */
  readonly stride: number
}

/** Positions of one piece of a tensor that ends where its last piece ends; all of them where there are no pieces. */
export const pieceLength = (tensor: Tensor, { count, stride }: Pieces = { count: 1, stride: 0 }): number =>
  tensor.length - (count - 1) * stride

/** Throws a ShapeError unless `pieces` can lie in `out` without overlap. */
export function checkPieces(op: string, out: Tensor, { count, stride }: Pieces): void {
  const length = pieceLength(out, { count, stride })
  if (count >= 1 && length >= 0 && (count === 1 || length <= stride)) return
  throw new ShapeError({
    where: op,
    what: 'out does not hold the pieces',
    expected: `${count} of at most ${stride} positions`,
    got: `${out.length} positions`,
  })
}
