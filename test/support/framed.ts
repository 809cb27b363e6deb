import { expect } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import { type Tensor, view } from '../../src/kernels/tensor.ts'
import { tensorOf } from './backends.ts'

/** What surrounds a view in tests; no computed value equals it. */
const mark = -12345.5

/**
 * A view `[channelCount, length]` in the middle of a larger tensor: rows above and below, positions before and after. Its
 * start is not a multiple of the vector length. `data` fills it; else NaN does.
 */
export interface Framed {
  readonly view: Tensor
  /** The view's values, after checking that everything around it is as it was. */
  read(): Promise<Float32Array>
}

export function framed(
  backend: Backend,
  channelCount: number,
  length: number,
  { before = 5, data }: { before?: number; data?: Float32Array } = {},
): Framed {
  const rows = channelCount + 2
  const columns = length + before + 11
  const all = new Float32Array(rows * columns).fill(mark)
  for (let c = 0; c < channelCount; c++) {
    const at = (c + 1) * columns + before
    if (data) all.set(data.subarray(c * length, (c + 1) * length), at)
    else all.fill(Number.NaN, at, at + length)
  }
  const tensor = tensorOf(backend, rows, all)
  return {
    view: view(tensor, { start: before, length, channelStart: 1, channelCount }),
    async read() {
      const now = await backend.read(tensor)
      const inside = new Float32Array(channelCount * length)
      for (let c = 0; c < channelCount; c++) {
        const at = (c + 1) * columns + before
        inside.set(now.subarray(at, at + length), c * length)
        now.fill(mark, at, at + length)
      }
      expect(
        now.findIndex((v) => v !== mark),
        'an element outside the view was written',
      ).toBe(-1)
      return inside
    },
  }
}
