import { expect, it } from 'vitest'
import { longConv, type LongConvOptions } from '../../src/kernels/long-conv/api.ts'
import { lowPassMask, monarchMask } from '../../src/kernels/long-conv/frequency-mask.ts'
import { forEachBuild, relativeError } from '../support/backends.ts'
import { describeShared, hasShared, readTensors, sharedPath } from '../support/shared.ts'

const tolerance = 2e-6

// Names like monarch_40x50_a20_b50.y_real_part, partial_K64.y, lowpass_Npartial250.y: see ../shared/fixtures/README.md.
describeShared('convolution fixtures', () => {
  for (const length of hasShared ? [1000, 65537] : []) {
    const tensors = readTensors(sharedPath(`fixtures/conv/conv_L${length}.safetensors`))
    const values = (name: string): Float64Array => tensors.get(name)!.values
    const f32 = (name: string): Float32Array => Float32Array.from(values(name))
    const channelCount = tensors.get('u')!.shape[0]

    forEachBuild(`L = ${length}`, (backend) => {
      const run = (options: Partial<LongConvOptions>): Promise<Float32Array> =>
        longConv(backend(), { input: f32('u'), filter: f32('k'), channelCount, ...options })

      it('skip; without skip; both gates', async () => {
        expect(relativeError(await run({ skip: f32('D') }), values('y'))).toBeLessThan(tolerance)
        expect(relativeError(await run({}), values('y_noskip'))).toBeLessThan(tolerance)
        expect(
          relativeError(await run({ skip: f32('D'), pre: f32('pregate'), post: f32('postgate') }), values('y_gated')),
        ).toBeLessThan(tolerance)
      })

      for (const name of tensors.keys()) {
        const partial = /^partial_K(\d+)\.y$/.exec(name)
        if (partial) {
          it(`partial: the first ${partial[1]} taps`, async () => {
            const got = await run({ filterLength: Number(partial[1]) })
            const positions = tensors.get(name.replace('.y', '.pos'))?.values
            const chosen = positions
              ? Array.from({ length: channelCount }, (_, c) => [...positions].map((t) => got[c * length + t])).flat()
              : got
            expect(relativeError(chosen, values(name))).toBeLessThan(tolerance)
          })
        }
        const lowPass = /^lowpass_Npartial(\d+)\.y$/.exec(name)
        if (lowPass) {
          it(`low pass: ${lowPass[1]} bins`, async () => {
            expect(
              relativeError(
                await run({ frequencyMask: lowPassMask(2 * length, Number(lowPass[1]) / 2) }),
                values(name),
              ),
            ).toBeLessThan(tolerance)
          })
        }
        const monarch = /^monarch_(\d+)x(\d+)_a(\d+)_b(\d+)\.y_(real_part|hermitian_mask)$/.exec(name)
        if (monarch) {
          it(`frequency-sparse: ${name}`, async () => {
            const [columns, rows, keptColumns, keptRows] = monarch.slice(1, 5).map(Number) as [
              number,
              number,
              number,
              number,
            ]
            const frequencyMask = monarchMask({
              columns,
              rows,
              keptColumns,
              keptRows,
              symmetry: monarch[5] === 'real_part' ? 'real-part' : 'hermitian',
            })
            expect(relativeError(await run({ frequencyMask }), values(name))).toBeLessThan(tolerance)
          })
        }
      }
    })
  }
})
