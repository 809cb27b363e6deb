/** How the embeddings of a region's bases become one, or `none`: they stay as they are. */
export const pools = ['mean', 'max', 'first', 'last', 'none'] as const
export type Pool = (typeof pools)[number]

/** `add` takes pieces in ascending order, each channel's values beside the others'. */
interface Pooling {
  add(channels: readonly Float32Array[]): void
  result(): Float32Array
}

/** Pools the pieces of one region. */
export function poolingOf(pool: Exclude<Pool, 'none'>, channelCount: number): Pooling {
  if (pool === 'mean') return mean(channelCount)
  const out = new Float32Array(channelCount).fill(pool === 'max' ? Number.NEGATIVE_INFINITY : Number.NaN)
  let isEmpty = true
  const take = {
    max: (row: Float32Array, old: number) => row.reduce((most, value) => (value > most ? value : most), old),
    first: (row: Float32Array, old: number) => (isEmpty ? row[0] : old),
    last: (row: Float32Array) => row[row.length - 1],
  }[pool]
  return {
    add(channels) {
      for (const [c, row] of channels.entries()) out[c] = take(row, out[c])
      isEmpty = false
    },
    result: () => out,
  }
}

/** Sums in float64. */
function mean(channelCount: number): Pooling {
  const sums = new Float64Array(channelCount)
  let count = 0
  return {
    add(channels) {
      for (const [c, row] of channels.entries()) {
        let sum = sums[c]
        for (let t = 0; t < row.length; t++) sum += row[t]
        sums[c] = sum
      }
      count += channels[0].length
    },
    result: () => Float32Array.from(sums, (sum) => sum / count),
  }
}

/** Positions that are turned at a time, so that what is read and what is written stay in cache. */
const tile = 32

/** `[channels][bases]` as `[bases, channels]`, base after base. */
export function baseAfterBase(channels: readonly Float32Array[]): Float32Array {
  const width = channels.length
  const { length } = channels[0]
  const out = new Float32Array(length * width)
  for (let from = 0; from < length; from += tile) {
    const to = Math.min(length, from + tile)
    for (let c = 0; c < width; c++) {
      const row = channels[c]
      for (let t = from, at = from * width + c; t < to; t++, at += width) out[at] = row[t]
    }
  }
  return out
}
