import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import type { HyenaArchitecture } from '../../src/model/checkpoint.ts'
import { hyenaCodes } from '../../src/model/alphabet.ts'
import { createModel } from '../../src/model/create-model.ts'
import { HyenaNetwork } from '../../src/model/hyena/hyena-network.ts'
import { loadCheckpoints } from '../../pipelines/models/load-checkpoint.ts'
import { forEachBackend } from '../support/backends.ts'
import { ascii, runAll } from '../support/run-model.ts'
import { describeShared, readTensor, sharedPath } from '../support/shared.ts'

const sequenceOf = (path: string): string =>
  (JSON.parse(readFileSync(sharedPath(path), 'utf8')) as { sequence: string }).sequence
const maxError = (got: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(got.length).toBe(expected.length)
  let worst = 0
  for (let i = 0; i < got.length; i++) {
    if (Number.isNaN(expected[i]) && Number.isNaN(got[i])) continue
    const d = Math.abs(got[i] - expected[i])
    if (!(d <= worst)) worst = d
  }
  return worst
}

/** All 16 logits of a HyenaDNA checkpoint, [length][16] as in the fixtures. */
async function allLogits(
  backend: Backend,
  folder: string,
  sequence: string,
  blockLength: number,
): Promise<Float32Array> {
  const [checkpoint] = await loadCheckpoints(sharedPath(folder))
  const rows = Array.from({ length: 16 }, (_, i) => i)
  const network = new HyenaNetwork(checkpoint, checkpoint.architecture as HyenaArchitecture, backend, {
    headRows: rows,
  })
  const state = network.open({
    blockLength,
    totalLength: sequence.length,
    filterPolicy: 'keep-spectra',
    channelGroups: 1,
  })
  const out = new Float32Array(16 * sequence.length)
  for (let start = 0; start < sequence.length; start += blockLength) {
    const ids = Float32Array.from(ascii(sequence.slice(start, start + blockLength)), (b) => hyenaCodes[b])
    const codes = backend.tensor(1, ids.length)
    backend.write(codes, ids)
    const logits = network.head(network.layers(codes, state))
    const values = await backend.read(logits)
    for (let t = 0; t < ids.length; t++) for (const k of rows) out[(start + t) * 16 + k] = values[k * ids.length + t]
    backend.release(logits)
    backend.release(codes)
  }
  state.release()
  network.release()
  return out
}

/** The bounds of docs/models.md, section 4. */
describeShared('reference outputs', () => {
  forEachBackend('HyenaDNA', (backend) => {
    it.each([
      ['hyena-tiny-random', 'input_1024.json', 'expected_1024.safetensors', 5e-6],
      ['hyena-tiny-wild-l4101', 'input_4099.json', 'expected_4099.safetensors', 5e-4],
    ])('%s: logits and log-likelihoods, in one block and in several', async (folder, input, expected, bound) => {
      const sequence = sequenceOf(`fixtures/${folder}/${input}`)
      const file = sharedPath(`fixtures/${folder}/${expected}`)
      const logits = readTensor(file, 'logits').values
      for (const block of [sequence.length, 500])
        expect(maxError(await allLogits(backend(), `fixtures/${folder}`, sequence, block), logits)).toBeLessThan(bound)
      const model = createModel(await loadCheckpoints(sharedPath(`fixtures/${folder}`)), backend())
      const { log_likelihood } = await runAll(model, sequence, ['log_likelihood'])
      const likelihoods = readTensor(file, 'loglik_acgt').values
      expect(Array.from(log_likelihood, Number.isNaN)).toEqual(Array.from(likelihoods, Number.isNaN))
      expect(maxError(log_likelihood, likelihoods)).toBeLessThan(bound)
      model.close()
    })
  })

  forEachBackend('SpliceAI family', (backend) => {
    it.each([80, 400, 2000, 10000])('mane %i: probabilities, short sequences too', async (context) => {
      const sequence = sequenceOf('fixtures/openspliceai/input.json')
      const file = sharedPath(`fixtures/openspliceai/mane_${context}nt_rs10.expected.safetensors`)
      const model = createModel(
        await loadCheckpoints(sharedPath(`fixtures/openspliceai/mane_${context}nt_rs10.safetensors`)),
        backend(),
      )
      const check = async (bases: string, name: string): Promise<void> => {
        const got = await runAll(model, bases, ['neither', 'acceptor', 'donor'])
        const expected = readTensor(file, name).values
        for (const [k, track] of ['neither', 'acceptor', 'donor'].entries()) {
          expect(
            maxError(
              got[track],
              Float64Array.from({ length: bases.length }, (_, t) => expected[3 * t + k]),
            ),
          ).toBeLessThan(5e-6)
        }
      }
      await check(sequence, 'prob_f32')
      for (const n of [1, 37, 1000]) await check(sequence.slice(6000, 6000 + n), `short${n}.prob_f32`)
      model.close()
    })
  })
})
