import { engineVariant } from '../cpu/engine.ts'
import { WasmScratch } from '../cpu/wasm.ts'
import { longConvWasm } from '../generated/long-conv.wasm.ts'
import { type CostConstants, defaultCostConstants } from './cost-model.ts'
import { CpuTransform } from './transform.cpu.ts'

const measureMs = 40

/** Nanoseconds of the fastest of as many runs as fit into the time: other programs only ever slow a run down. */
function fastest(run: () => void): number {
  let best = Number.POSITIVE_INFINITY
  // The first half of the time is for the engine to compile what is hot.
  const middle = performance.now() + measureMs / 2
  for (let counted = 0; counted < 3 || performance.now() < middle + measureMs / 2; ) {
    const before = performance.now()
    run()
    if (before <= middle) continue
    best = Math.min(best, performance.now() - before)
    counted++
  }
  return best * 1e6
}

/**
 * The cost model's constants for this machine, from about 0.2 s of small runs on the calling thread: for
 * `createBackend`'s `calibration`, and to be kept (they are plain data), as plans made from other constants may round
 * differently. Arithmetic is measured as a whole, by one transform in L1 and L2, and its constants scaled together:
 * differences of single levels drown in the noise of a machine in use.
 */
export function measureCostConstants(): CostConstants {
  const points = 4096
  const scratch = new WasmScratch(longConvWasm, engineVariant())
  const transform = new CpuTransform(scratch, {
    fftSize: 2 * points,
    factors: [points],
    keepSpectra: true,
    frequencySparsity: 0,
  })
  const signal = {
    history: new Float32Array(0),
    input: new Float32Array(new SharedArrayBuffer(8 * points)).fill(1),
    pre: undefined,
  }
  const spectra = new Float32Array(new SharedArrayBuffer(8 * points)).fill(1e-4)
  const load = (): unknown => transform.load(signal, 0, 2 * points)
  const loadNs = fastest(load)
  const convolveNs =
    fastest(() => {
      load() // anew each time: repeated products would run into denormal values, which take longer
      transform.convolve(spectra, 0, 0, false, false)
    }) - loadNs
  const { radixNs, leafNs } = defaultCostConstants
  const arithmetic = convolveNs / (points * (4 * radixNs[4] + leafNs))
  scratch.reset()
  const [y, x, taps] = [2048, 4096, 256].map((n) => scratch.allocate(n)) as [number, number, number]
  const directNs = (filterLength: number): number =>
    fastest(() => {
      scratch.exports.direct(y, x, taps, filterLength, 2048)
    }) / 2048
  const [from, to] = [0, 1].map(() => new Float32Array(2 ** 24)) // far beyond shared caches as [Float32Array, Float32Array]
  return {
    ...defaultCostConstants,
    radixNs: {
      2: arithmetic * radixNs[2],
      3: arithmetic * radixNs[3],
      4: arithmetic * radixNs[4],
      5: arithmetic * radixNs[5],
    },
    leafNs: arithmetic * leafNs,
    copyNs: loadNs / (2 * points),
    // One thread alone was measured; in use all of them share the memory.
    memoryBytesPerNs:
      (2 * from.byteLength) /
      fastest(() => {
        to.set(from)
      }) /
      defaultCostConstants.threads,
    tapNs: directNs(128) / 128,
  }
}
