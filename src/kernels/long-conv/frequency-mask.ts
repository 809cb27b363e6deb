import { ConfigError, ShapeError } from '../../errors.ts'
import { hostDft } from './host-dft.ts'

/**
 * The weight of each bin of a filter's plain DFT, `[dftSize]`; weights of f and dftSize - f must agree, so that a real
 * filter stays real. A filter masked so is circular with period dftSize:
 * y = Re ifft(fft(x) * fft(k) * mask)[0, length), all transforms of dftSize points.
 */
export type FrequencyMask = Float32Array | Float64Array

/**
 * FlashFFTConv's frequency-sparse pattern (arXiv 2311.05908, section 3.3): with N = columns * rows and
 * bin f = f1 + columns * f2, the bins with f1 < keptColumns and f2 < keptRows are kept. As this pattern is not symmetric,
 * `symmetry` says how it becomes so: 'real-part' takes the mean over f and -f, which equals the real part of the complex
 * convolution; 'hermitian' keeps f wholly where f or -f is kept.
 */
export function monarchMask(pattern: {
  columns: number
  rows: number
  keptColumns: number
  keptRows: number
  symmetry: 'real-part' | 'hermitian'
}): FrequencyMask {
  const { columns, rows, keptColumns, keptRows, symmetry } = pattern
  const size = columns * rows
  const kept = (f: number): number => (f % columns < keptColumns && Math.floor(f / columns) < keptRows ? 1 : 0)
  return Float32Array.from({ length: size }, (_, f) => {
    const pair = kept(f) + kept((size - f) % size)
    return symmetry === 'real-part' ? pair / 2 : Math.min(1, pair)
  })
}

/** Keeps the first `keptBins` of the dftSize / 2 + 1 bins that a real transform has. */
export function lowPassMask(dftSize: number, keptBins: number): FrequencyMask {
  return Float32Array.from({ length: dftSize }, (_, f) => (Math.min(f, dftSize - f) < keptBins ? 1 : 0))
}

/**
 * Taps `[channelCount, 2 * length - 1]`, tap length - 1 at the position itself, of the filter that is left of
 * `taps` `[channelCount, filterLength]` (tap `centerTap` at the position itself) under `mask`, for inputs of `length`.
 * Exact in float64 for any dftSize; what remains is an ordinary two-sided filter, so any plan and any device can run it.
 */
export function maskedTaps(
  taps: Float32Array,
  channelCount: number,
  centerTap: number,
  mask: FrequencyMask,
  length: number,
): Float32Array {
  const size = mask.length
  const filterLength = taps.length / channelCount
  if (size < length || size < filterLength) {
    const expected = `at least ${Math.max(length, filterLength)} bins`
    throw new ShapeError({
      where: 'longConv',
      what: 'frequencyMask is shorter than input or filter',
      expected,
      got: `${size}`,
    })
  }
  for (let f = 1; f < size; f++) {
    if (mask[f] !== mask[size - f]) {
      const expected = `${mask[f]} at bin ${size - f}`
      throw new ConfigError({
        where: 'longConv',
        what: `frequencyMask is not symmetric at bin ${f}`,
        expected,
        got: `${mask[size - f]}`,
      })
    }
  }
  const out = new Float32Array(channelCount * (2 * length - 1))
  for (let c = 0; c < channelCount; c++) {
    const k = { re: new Float64Array(size), im: new Float64Array(size) }
    for (let j = 0; j < filterLength; j++) k.re[(j - centerTap + size) % size] = taps[c * filterLength + j]
    const spectrum = hostDft(k, -1)
    for (let f = 0; f < size; f++) {
      spectrum.re[f] *= mask[f] / size
      spectrum.im[f] *= mask[f] / size
    }
    const { re } = hostDft(spectrum, 1)
    for (let lag = 1 - length; lag < length; lag++)
      out[c * (2 * length - 1) + lag + length - 1] = re[(lag + size) % size]
  }
  return out
}
