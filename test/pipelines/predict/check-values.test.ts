import { describe, expect, it } from 'vitest'
import type { PredictOptions } from '../../../pipelines/predict/options.ts'
import { predict } from '../../../pipelines/predict.ts'
import type { Model } from '../../../src/model/model.ts'
import { fakeModel } from '../../support/fake-model.ts'
import { golden } from '../../support/golden-weights.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'

const text = 'ACGTNACGTACGTACGTACGTACGTACGTA'
const genome = memoryGenome({ chrQ: text })

/** Gives `value` at the base that the model reads as number `at`. */
function broken(kind: 'windows' | 'causal', value: number, at: number, precision = 'f32'): Model {
  const model = fakeModel(kind)
  const spoil = (tracks: Readonly<Record<string, Float32Array>>, start: number): void => {
    for (const track of Object.values(tracks))
      if (at - start >= 0 && at - start < track.length) track[at - start] = value
  }
  return {
    ...model,
    backend: { kind: 'cpu', precision, limits: {} } as never,
    async *run(source, plan, control) {
      for await (const values of model.run(source, plan, control)) {
        spoil(values.tracks, values.start)
        yield values
      }
    },
    async runPieces(pieces, options) {
      const all = await model.runPieces(pieces, options)
      for (const tracks of all) spoil(tracks, 0)
      return all
    },
  }
}

async function run(model: Model, options: PredictOptions = {}): Promise<void> {
  for await (const _ of predict(model, genome, { temporaryFolder: '/tmp', ...options })) {
  }
}

describe('a value that is no number', () => {
  it.each([
    ['windows', Number.NaN],
    ['windows', Number.POSITIVE_INFINITY],
    ['causal', Number.NEGATIVE_INFINITY],
    ['causal', Number.NaN],
  ] as const)('of a %s model, %d, is an error that names its place', async (kind, value) => {
    await expect(run(broken(kind, value, 7))).rejects.toThrow(/^chrQ, position 7 \(0-based\): .*fake.*weights/)
    await expect(run(broken(kind, value, 7), { chunk: 4 })).rejects.toThrow(/position 7 /)
    await expect(run(broken(kind, value, 7), { strand: '-' })).rejects.toThrow(/position 22 /)
    await expect(run(broken(kind, value, 7), { strand: 'both' })).rejects.toThrow(/position (7|22) .*(_plus|_minus)/)
  })
  it('in half precision says so', async () => {
    await expect(run(broken('windows', Number.NaN, 7, 'f16'))).rejects.toThrow(/range of f16.*f32/)
  })
  it('is let pass where none can be: the first base that a language model reads, and unknown bases', async () => {
    for (const strand of ['+', '-', 'both'] as const) await run(fakeModel('causal'), { strand })
    await run(broken('causal', Number.NaN, 4)) // N
    await expect(run(broken('windows', Number.NaN, 4))).rejects.toThrow(/position 4 /)
    // With sequence before it the first base of a region has a value.
    const regions = [{ contig: 'chrQ', start: 5, end: 20 }]
    await expect(run(broken('causal', Number.NaN, 0), { regions, context: 'none' })).resolves.toBeUndefined()
    const chunked = { regions, context: 'full', chunk: 5 } as const
    await expect(run(broken('causal', Number.NaN, 0), chunked)).rejects.toThrow(/position 5 /)
  })
})

/** A safetensors file with numbers in `tensor` whose products f32 does not hold. */
function withHuge(bytes: Uint8Array, tensor: string): Uint8Array {
  const out = bytes.slice()
  const view = new DataView(out.buffer)
  const headerBytes = Number(view.getBigUint64(0, true))
  const [from, to] = JSON.parse(new TextDecoder().decode(out.subarray(8, 8 + headerBytes)))[tensor].data_offsets
  for (let at = from; at < to; at += 4) view.setFloat32(8 + headerBytes + at, 3e38, true)
  return out
}

const folder = folders()
const words = ['--device', 'cpu', '--threads', '1', '-o', 'o.tsv']
it('the program ends with exit code 1 where what it computes is no number', async () => {
  const weights = golden('openspliceai-nano.safetensors')
  const { path } = folder({ 'a.fa': `>chrQ\n${text}\n`, 'm.safetensors': withHuge(weights, 'initial_conv.bias') })
  const { code, stderr } = await runProgram(['predict', 'a.fa', '-m', 'm.safetensors', ...words], { cwd: path })
  expect(stderr).toMatch(/chrQ, position 0 \(0-based\): .*gives no number.*weights/)
  expect(code).toBe(1)
})
it('and with 0 where a language model has no value for the first base', async () => {
  const { path } = folder({ 'a.fa': `>chrQ\n${text}\n` })
  const { code } = await runProgram(['predict', 'a.fa', '-m', goldenModel('hyena-nano'), ...words], { cwd: path })
  expect(code).toBe(0)
})
