import { describe, expect, it } from 'vitest'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { DeviceError } from '../../src/errors.ts'
import { forEachBuild, poisoned, random, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { framed } from '../support/framed.ts'

const randomCodes = (count: number, rows: number): Float32Array => {
  const next = random(9)
  return Float32Array.from({ length: count }, () => Math.min(rows - 1, Math.floor(((next() + 1) / 2) * rows)))
}
const lookedUp = (table: Float32Array, codes: Float32Array, channels: number): Float32Array =>
  Float32Array.from(
    { length: channels * codes.length },
    (_, i) => table[codes[i % codes.length] * channels + Math.floor(i / codes.length)],
  )

forEachBuild('embedding', (backend) => {
  it.each([
    [1, 1, 1],
    [16, 128, 2051],
    [4, 3, 1023],
    [300, 33, 1025],
  ])('%i rows, %i channels, %i positions: exactly the rows of the table', async (rows, channels, length) => {
    const b = backend()
    const table = randomArray(rows * channels, 1)
    const codes = randomCodes(length, rows)
    const out = poisoned(b, channels, length)
    b.ops.embedding({ out, codes: tensorOf(b, 1, codes), table: b.weights(table, [rows, channels]) })
    expect(relativeError(await b.read(out), lookedUp(table, codes, channels))).toBe(0)
  })

  it('works on views and leaves their surroundings alone', async () => {
    const b = backend()
    const table = randomArray(16 * 10, 1)
    const codes = randomCodes(1500, 16)
    const out = framed(b, 10, 1500, { before: 5 })
    b.ops.embedding({
      out: out.view,
      codes: framed(b, 1, 1500, { before: 4, data: codes }).view,
      table: b.weights(table, [16, 10]),
    })
    expect(await out.read()).toEqual(lookedUp(table, codes, 10))
  })
})

describe('embedding on cpu', () => {
  it.each([16, -1, 2.5, Number.NaN])('says where a code is that the table does not have (%f)', async (code) => {
    const b = createCpuBackend({ threads: 1 })
    const codes = randomCodes(700, 16)
    codes[555] = code
    const out = b.tensor(4, 700)
    b.ops.embedding({ out, codes: tensorOf(b, 1, codes), table: b.weights(randomArray(64, 1), [16, 4]) })
    const failure = await b.flush().catch((e: unknown) => e)
    expect(failure).toBeInstanceOf(DeviceError)
    expect((failure as Error).message).toContain(
      `code ${Math.fround(code)} at position 555: expected a whole number below 16`,
    )
    await b.destroy()
  })
})
