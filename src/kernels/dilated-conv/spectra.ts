/*
 * The order of frequencies between forward and backward transform (see transform.lib.as.ts), the tables that go with it,
 * and filters' spectra in the layout of mix.lib.as.ts. All in float64, stored as f32.
 */

/** Radices of the transform's steps, the last one without twiddles. fftSize is a power of two, at least 16. */
export function radices(fftSize: number): number[] {
  return fftSize <= 8 ? [fftSize] : [4, ...radices(fftSize / 4)]
}

/** Cosines and sines of θ, 2θ, 3θ for θ = 2πj / size, j below size / 4, for every step but the last. */
export function twiddles(fftSize: number): Float32Array {
  const out: number[] = []
  let size = fftSize
  for (const radix of radices(fftSize).slice(0, -1)) {
    for (let j = 0; j < size / radix; j++) {
      for (let m = 1; m < radix; m++)
        out.push(Math.cos((2 * Math.PI * j * m) / size), Math.sin((2 * Math.PI * j * m) / size))
    }
    size /= radix
  }
  return Float32Array.from(out)
}

/** The frequency that stands at each row when the forward steps are done. */
export function frequencyOrder(fftSize: number): number[] {
  return Array.from({ length: fftSize }, (_, row) => {
    let frequency = 0
    let weight = 1
    let rows = fftSize
    for (const radix of radices(fftSize)) {
      rows /= radix
      frequency += weight * (Math.floor(row / rows) % radix)
      weight *= radix
    }
    return frequency
  })
}

/** Bytes from plane to plane of the spectra: a cache line more than its rows, or all frequencies of a channel would share a few cache sets. */
export const planeBytesOf = (channelCount: number, rowBytes: number): number => channelCount * rowBytes + 64

/** Byte offsets of each row's real and imaginary half row in the spectra of one channel. */
export function places(fftSize: number, plane: number, rowBytes: number): Uint32Array {
  const half = rowBytes / 2
  return Uint32Array.from(
    frequencyOrder(fftSize).flatMap((f) => {
      if (f === 0) return [0, half]
      if (f === fftSize / 2) return [plane, plane + half]
      const block = Math.min(f, fftSize - f) * 2 * plane
      return f < fftSize / 2 ? [block, block + plane] : [block + plane + half, block + half]
    }),
  )
}

/** Floats of one frequency's plane of weights, `[rowBlocks][inChannels][4]`. */
const planeFloats = (outChannels: number, inChannels: number): number => Math.ceil(outChannels / 4) * inChannels * 4

/** Floats of all frequencies of a weight `[outChannels, inChannels, width]`. */
export function filterSpectraFloats(fftSize: number, outChannels: number, inChannels: number): number {
  return (2 + 3 * (fftSize / 2 - 1)) * planeFloats(outChannels, inChannels)
}

/**
 * The spectra of output channels 4 · rowBlock … + 3 (zeros beyond the last), conjugate (the op is a correlation) and
 * divided by fftSize, in the planes that mix.lib.as.ts multiplies.
 */
export function packFilterSpectra(
  packed: Float32Array,
  fftSize: number,
  weight: { readonly shape: readonly number[]; readonly data: Float32Array },
  rowBlock: number,
): void {
  const [outChannels, inChannels, width] = weight.shape as [number, number, number]
  const plane = planeFloats(outChannels, inChannels)
  const filters = new Float64Array(inChannels * width * 4) // [inChannels][width][lane]
  for (let lane = 0; lane < Math.min(4, outChannels - 4 * rowBlock); lane++) {
    const first = (4 * rowBlock + lane) * inChannels * width
    for (let k = 0; k < inChannels * width; k++) filters[k * 4 + lane] = weight.data[first + k]
  }
  const cosines = new Float64Array(width)
  const sines = new Float64Array(width)
  for (let f = 0; f <= fftSize / 2; f++) {
    for (let j = 0; j < width; j++) {
      const angle = (2 * Math.PI * ((f * j) % fftSize)) / fftSize
      cosines[j] = Math.cos(angle) / fftSize
      sines[j] = Math.sin(angle) / fftSize
    }
    const planes = f === 0 ? 0 : f === fftSize / 2 ? 1 : 2 + 3 * (f - 1) // before this frequency's
    const store = (at: number, re: number, im: number): void => {
      const first = planes * plane + at
      packed[first] = re
      if (planes < 2) return
      packed[first + plane] = -(re + im)
      packed[first + 2 * plane] = im - re
    }
    for (let i = 0, k = 0; i < inChannels; i++) {
      let re0 = 0,
        re1 = 0,
        re2 = 0,
        re3 = 0,
        im0 = 0,
        im1 = 0,
        im2 = 0,
        im3 = 0
      for (let j = 0; j < width; j++, k += 4) {
        const c = cosines[j]
        const s = sines[j]
        re0 += filters[k] * c
        im0 += filters[k] * s
        re1 += filters[k + 1] * c
        im1 += filters[k + 1] * s
        re2 += filters[k + 2] * c
        im2 += filters[k + 2] * s
        re3 += filters[k + 3] * c
        im3 += filters[k + 3] * s
      }
      const at = (rowBlock * inChannels + i) * 4
      store(at, re0, im0)
      store(at + 1, re1, im1)
      store(at + 2, re2, im2)
      store(at + 3, re3, im3)
    }
  }
}
