import { ShapeError } from '../errors.ts'

/**
 * A matrix of f32 activations `[channelCount, length]` that lives where its backend computes. A plain object, so
 * that a view is the same object with another offset; backends add their own storage field.
 */
export interface Tensor {
  readonly channelCount: number
  /** Positions. */
  readonly length: number
  /** Elements from one channel's row to the next; a multiple of 16. */
  readonly rowStride: number
  /** Elements from the start of the storage to `[0, 0]`. */
  readonly offset: number
}

/** Constant parameters, row-major and contiguous, e.g. `[outChannels, inChannels]`. */
export interface Weights {
  readonly shape: readonly number[]
}

/** Rows start at multiples of 16 elements: copies and vector loads stay aligned. */
export const rowStrideOf = (length: number): number => Math.max(16, Math.ceil(length / 16) * 16)

/** `tensor[channelStart .. +channelCount, start .. +length]` without copying. */
export function view<T extends Tensor>(
  tensor: T,
  part: { start?: number; length?: number; channelStart?: number; channelCount?: number },
): T {
  const { start = 0, channelStart = 0 } = part
  const { length = tensor.length - start, channelCount = tensor.channelCount - channelStart } = part
  if (
    start < 0 ||
    length < 0 ||
    start + length > tensor.length ||
    channelStart < 0 ||
    channelStart + channelCount > tensor.channelCount
  ) {
    throw new ShapeError({
      where: 'view',
      what: 'outside the tensor',
      expected: `within [${tensor.channelCount}, ${tensor.length}]`,
      got: `[${channelStart}+${channelCount}, ${start}+${length}]`,
    })
  }
  return { ...tensor, channelCount, length, offset: tensor.offset + channelStart * tensor.rowStride + start }
}

const shapeText = (t: Tensor): string => `[${t.channelCount}, ${t.length}]`

/** Throws a ShapeError naming `op` and `name` unless `tensor` is `[channelCount, length]`. */
export function expectShape(op: string, name: string, tensor: Tensor, channelCount: number, length: number): void {
  if (tensor.channelCount !== channelCount || tensor.length !== length) {
    throw new ShapeError({
      where: op,
      what: `${name} has the wrong shape`,
      expected: `[${channelCount}, ${length}]`,
      got: shapeText(tensor),
    })
  }
}

/** Throws a ShapeError unless `weights.shape` equals `shape`. */
export function expectWeights(op: string, name: string, weights: Weights, shape: readonly number[]): void {
  if (weights.shape.length !== shape.length || weights.shape.some((n, i) => n !== shape[i])) {
    throw new ShapeError({
      where: op,
      what: `${name} has the wrong shape`,
      expected: `[${shape}]`,
      got: `[${weights.shape}]`,
    })
  }
}
