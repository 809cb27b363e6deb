/** Naive float64 reference of the Hyena filter as a function of position. */
export interface ImplicitFilterCase {
  tapCount: number
  embeddingSize: number
  z?: ArrayLike<number> // [taps * embeddingSize]
  t?: ArrayLike<number>
  freq: ArrayLike<number> // [width]
  layers: readonly { weight: ArrayLike<number>; bias: ArrayLike<number> }[]
  outWeight: ArrayLike<number> // [channels * width]
  deltas: ArrayLike<number> // [channels]
  shift: number
}

export function features(
  { tapCount, embeddingSize }: { tapCount: number; embeddingSize: number },
  i: number,
): number[] {
  const bandCount = (embeddingSize - 1) / 2
  const bands = Array.from(
    { length: bandCount },
    (_, b) => 1e-4 + (bandCount === 1 ? 0 : (b * (bandCount - 1 - 1e-4)) / (bandCount - 1)),
  )
  const w = (2 * Math.PI * i) / tapCount
  return [
    tapCount === 1 ? 0 : i / (tapCount - 1),
    ...bands.map((f) => Math.cos(f * w)),
    ...bands.map((f) => -Math.sin(f * w)),
  ]
}

/** The channels' taps at position `i`. */
export function filterAt(a: ImplicitFilterCase, i: number): number[] {
  const z = a.z ? Array.from({ length: a.embeddingSize }, (_, e) => a.z![i * a.embeddingSize + e]) : features(a, i)
  const t = a.t ? a.t[i] : features(a, i)[0]
  let h = z
  for (const { weight, bias } of a.layers) {
    const x = h
    h = Array.from(a.freq, (f, o) => Math.sin(f * x.reduce((sum, v, k) => sum + weight[o * x.length + k] * v, bias[o])))
  }
  return Array.from(
    a.deltas,
    (delta, c) =>
      h.reduce((sum, v, k) => sum + a.outWeight[c * h.length + k] * v, 0) * (Math.exp(-t * Math.abs(delta)) + a.shift),
  )
}
