import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCheckpoints } from '../../pipelines/models/load-checkpoint.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { longConv } from '../../src/kernels/long-conv/api.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { createModel } from '../../src/model/create-model.ts'
import { relativeL2 } from '../support/backends.ts'
import { gpuHalfSkipReason } from '../support/half-products.ts'
import { randomBases, runAll } from '../support/run-model.ts'
import { describeShared, readTensor, readTensors, sharedPath } from '../support/shared.ts'

/** Precision f16 against the bounds of docs/models.md, section 4: convolutions 2e-3 (relative L2), log-likelihoods 0.01 and probabilities 2e-3 (means). */
describe.skipIf(gpuHalfSkipReason !== undefined)(
  `models in f16 on webgpu${gpuHalfSkipReason === undefined ? '' : ` (skipped: ${gpuHalfSkipReason})`}`,
  () => {
    let b: WebGpuBackend
    beforeAll(async () => {
      b = await createWebGpuBackend({ precision: 'f16' })
    })
    afterAll(() => b.destroy())

    const sequenceOf = (path: string): string =>
      (JSON.parse(readFileSync(sharedPath(path), 'utf8')) as { sequence: string }).sequence
    /** Mean over the positions where both are numbers; they must be the same positions. */
    const meanDifference = (got: ArrayLike<number>, expected: ArrayLike<number>): number => {
      expect(Array.from(got, Number.isNaN)).toEqual(Array.from(expected, Number.isNaN))
      const differences = Array.from(got, (v, t) => Math.abs(v - expected[t])).filter((d) => !Number.isNaN(d))
      expect(differences.length).toBeGreaterThan(0)
      return differences.reduce((sum, d) => sum + d, 0) / differences.length
    }

    it('the shipped splice model: close to f32 on the CPU, and not the same', async () => {
      const sequence = randomBases(3000, 1)
      const tracks = ['acceptor', 'donor']
      const cpu = createCpuBackend({ threads: 2 })
      const [exact, half] = [
        createModel(await loadCheckpoints('splice'), cpu),
        createModel(await loadCheckpoints('splice'), b),
      ]
      const [expected, got] = [await runAll(exact, sequence, tracks), await runAll(half, sequence, tracks)]
      for (const track of tracks) {
        const difference = meanDifference(got[track], expected[track])
        expect(difference).toBeLessThan(2e-3)
        expect(difference).toBeGreaterThan(0)
      }
      half.close()
      exact.close()
      await cpu.destroy()
    })

    describeShared('reference outputs', () => {
      it.each([1000, 65537])('convolution fixtures, %i positions', async (length) => {
        const tensors = readTensors(sharedPath(`fixtures/conv/conv_L${length}.safetensors`))
        const values = (name: string): Float64Array => tensors.get(name)!.values
        const f32 = (name: string): Float32Array => Float32Array.from(values(name))
        const common = { input: f32('u'), filter: f32('k'), channelCount: tensors.get('u')!.shape[0] }
        expect(relativeL2(await longConv(b, common), values('y_noskip'))).toBeLessThan(2e-3)
        expect(
          relativeL2(
            await longConv(b, { ...common, skip: f32('D'), pre: f32('pregate'), post: f32('postgate') }),
            values('y_gated'),
          ),
        ).toBeLessThan(2e-3)
      })

      it.each([
        ['hyena-tiny-random', 1024],
        ['hyena-tiny-wild-l4101', 4099],
      ])('%s: log-likelihoods', async (folder, length) => {
        const model = createModel(await loadCheckpoints(sharedPath(`fixtures/${folder}`)), b)
        const { log_likelihood } = await runAll(model, sequenceOf(`fixtures/${folder}/input_${length}.json`), [
          'log_likelihood',
        ])
        const difference = meanDifference(
          log_likelihood,
          readTensor(sharedPath(`fixtures/${folder}/expected_${length}.safetensors`), 'loglik_acgt').values,
        )
        console.log(`${folder}: mean absolute difference of log-likelihoods ${difference.toExponential(2)}`)
        expect(difference).toBeLessThan(0.01)
        model.close()
      })

      it.each([80, 400])('mane %i: probabilities', async (context) => {
        const sequence = sequenceOf('fixtures/openspliceai/input.json')
        const model = createModel(
          await loadCheckpoints(sharedPath(`fixtures/openspliceai/mane_${context}nt_rs10.safetensors`)),
          b,
        )
        const tracks = ['neither', 'acceptor', 'donor']
        const got = await runAll(model, sequence, tracks)
        const expected = readTensor(
          sharedPath(`fixtures/openspliceai/mane_${context}nt_rs10.expected.safetensors`),
          'prob_f32',
        ).values
        for (const [k, track] of tracks.entries()) {
          const difference = meanDifference(
            got[track],
            Float64Array.from({ length: sequence.length }, (_, t) => expected[3 * t + k]),
          )
          console.log(
            `mane ${context} ${track}: mean absolute difference of probabilities ${difference.toExponential(2)}`,
          )
          expect(difference).toBeLessThan(2e-3)
        }
        model.close()
      })
    })
  },
)
