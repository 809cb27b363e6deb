import { expect, it } from 'vitest'
import { view } from '../../src/kernels/tensor.ts'
import { forEachBuild, randomArray, tensorOf } from '../support/backends.ts'

forEachBuild('copyPieces', (backend) => {
  it.each([
    { channels: 1, inputLength: 1, length: 1, stride: 1, starts: [0], shift: 0 },
    { channels: 5, inputLength: 100, length: 7, stride: 7, starts: [0, 90, 13, 13], shift: 3 },
    { channels: 32, inputLength: 300, length: 101, stride: 160, starts: [-50, 250, 4, 1000, -2000], shift: -7 },
    { channels: 3, inputLength: 50, length: 80, stride: 96, starts: [-10, 0], shift: 0 },
  ])('$channels channels, $length positions from $starts', async ({ channels, inputLength, length, stride, ...c }) => {
    const b = backend()
    const x = randomArray(channels * inputLength, 1)
    const total = (c.starts.length - 1) * stride + length
    const marks = randomArray((channels + 1) * (total + 9), 2)
    const target = tensorOf(b, channels + 1, marks)
    const out = view(target, { channelStart: 1, start: 4, length: total })
    const starts = tensorOf(b, 1, Float32Array.from(c.starts))
    const pieces = { count: c.starts.length, stride }
    b.ops.copyPieces({ out, input: tensorOf(b, channels, x), starts, shift: c.shift, pieces })
    const expected = marks.slice()
    for (let o = 0; o < channels; o++)
      for (const [k, start] of c.starts.entries())
        for (let t = 0; t < length; t++) {
          const at = start + c.shift + t
          expected[(o + 1) * (total + 9) + 4 + k * stride + t] =
            at >= 0 && at < inputLength ? x[o * inputLength + at] : 0
        }
    expect(await b.read(target)).toEqual(expected)
  })

  it('refuses pieces that overlap or do not fit', () => {
    const b = backend()
    const [out, input, starts] = [b.tensor(2, 30), b.tensor(2, 9), b.tensor(1, 3)]
    const call = (stride: number, count = 3) =>
      b.ops.copyPieces({ out, input, starts, shift: 0, pieces: { count, stride } })
    expect(() => call(9)).toThrow('3 of at most 9 positions, got 30 positions')
    expect(() => call(16)).toThrow('out does not hold the pieces')
    expect(() => call(10, 2)).toThrow()
  })
})
