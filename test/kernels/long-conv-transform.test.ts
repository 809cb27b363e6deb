import { describe, expect, it } from 'vitest'
import { engineVariant } from '../../src/kernels/cpu/engine.ts'
import { WasmScratch } from '../../src/kernels/cpu/wasm.ts'
import { longConvWasm } from '../../src/kernels/generated/long-conv.wasm.ts'
import { factorings, transformSizes } from '../../src/kernels/long-conv/plan.cpu.ts'
import { CpuTransform } from '../../src/kernels/long-conv/transform.cpu.ts'
import { maskedNegacyclic } from '../oracle/convolution.ts'
import { randomArray, relativeError } from '../support/backends.ts'

engineVariant() // sets the flags that the builds need

/** The worker's transform by itself: every factoring the planner can choose, in all builds of the module. */
describe.each(['simd', 'relaxed', 'wide'] as const)('the transform on cpu, %s', (variant) => {
  const product = (size: number, factors: number[], count: number): void => {
    const transform = new CpuTransform(new WasmScratch(longConvWasm, variant), {
      fftSize: 2 * size,
      factors,
      keepSpectra: true,
      frequencySparsity: 0,
    })
    const x = randomArray(count, 1)
    const taps = randomArray(2 * size - count + 1, 2)
    const spectra = new Float32Array(2 * size).fill(Number.NaN)
    const y = new Float32Array(2 * size).fill(Number.NaN)
    transform.spectrum(spectra, 0, transform.loadTaps(taps, 0))
    const isHalf = transform.load({ history: new Float32Array(0), input: x, pre: undefined }, 0, count)
    transform.convolve(spectra, 0, 0, isHalf, false)
    transform.store(y, 0, 0, 2 * size, undefined)
    const expected = maskedNegacyclic(x, taps, 0, size, 1, 1)
    expect(relativeError(y, expected), `${factors.join(' x ')}, ${count} values`).toBeLessThan(2e-6)
  }
  it.each(transformSizes.filter((size) => size <= 4096))(
    '%i points, every factoring, half and whole blocks',
    (size) => {
      for (const factors of factorings(size)) for (const count of [size, 2 * size - 1]) product(size, factors, count)
    },
  )
  it.each([
    [40, 1024],
    [9, 4096],
    [64, 512],
    [15, 2048],
  ])('%i x %i', (columns, rows) => {
    product(columns * rows, [columns, rows], columns * rows)
  })
})
