import { expect, it } from 'vitest'
import { view } from '../../src/kernels/tensor.ts'
import { forEachBuild, randomArray, tensorOf } from '../support/backends.ts'
import { framed } from '../support/framed.ts'

/** The last `historyLength` of each channel's history followed by its input. */
function advanced(history: Float32Array, input: Float32Array, channels: number): Float32Array {
  const h = history.length / channels
  const n = input.length / channels
  return Float32Array.from({ length: channels * h }, (_, i) => {
    const c = Math.floor(i / h)
    const at = (i % h) + n
    return at < h ? history[c * h + at] : input[c * n + at - h]
  })
}

forEachBuild('advanceHistory', (backend) => {
  it.each([
    [1, 1, 1],
    [5, 2, 1],
    [5, 2, 1000],
    [7, 1000, 1],
    [16, 1025, 1024],
    [16, 1025, 1025],
    [3, 1025, 1026],
    [3, 4000, 17],
  ])('%i channels, history of %i, input of %i', async (channels, historyLength, inputLength) => {
    const b = backend()
    const past = randomArray(channels * historyLength, 1)
    const x = randomArray(channels * inputLength, 2)
    const history = framed(b, channels, historyLength, { data: past })
    const input = framed(b, channels, inputLength, { data: x, before: 2 })
    b.ops.advanceHistory({ history: history.view, input: input.view })
    expect(await history.read()).toEqual(advanced(past, x, channels))
    expect(await input.read()).toEqual(x)
  })

  it('is the same in one step and in many', async () => {
    const b = backend()
    const past = randomArray(6 * 100, 1)
    const x = randomArray(6 * 260, 2)
    const history = tensorOf(b, 6, past)
    const input = tensorOf(b, 6, x)
    for (const [start, length] of [
      [0, 1],
      [1, 99],
      [100, 100],
      [200, 33],
      [233, 27],
    ] as const) {
      b.ops.advanceHistory({ history, input: view(input, { start, length }) })
    }
    expect(await b.read(history)).toEqual(advanced(past, x, 6))
  })
})
