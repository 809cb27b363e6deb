/** Values of `[start, start + bases.length)` at forward coordinates. The one file that trims them. */
export interface StrandValues {
  readonly start: number
  /** ASCII letters of the forward strand, as read. */
  readonly bases: Uint8Array
  readonly tracks: Tracks
}

type Tracks = Readonly<Record<string, Float32Array>>

/** Positions that tracks have values for. */
export const valueCount = (tracks: Tracks): number => Object.values(tracks)[0].length

/** `[from, to)` of tracks, counted from their first value, under names with `suffix`. Views. */
export const cutTracks = (tracks: Tracks, from: number, to: number, suffix = ''): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(tracks).map(([name, track]) => [name + suffix, track.subarray(from, to)]))

/** What of `values` is at or after `position`; undefined where nothing is. Views. */
export function valuesFrom(values: StrandValues, position: number): StrandValues | undefined {
  const dropped = Math.max(0, position - values.start)
  if (dropped === 0) return values
  const { length } = values.bases
  if (dropped >= length) return undefined
  return { start: position, bases: values.bases.subarray(dropped), tracks: cutTracks(values.tracks, dropped, length) }
}

/** Values in the order they were read in on the minus strand, at forward coordinates. */
export const turned = (track: Float32Array): Float32Array => track.slice().reverse()

/** The letters of pieces that hold `length` of them together; a single piece as it is. */
export async function gather(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  let out: Uint8Array | undefined
  let offset = 0
  for await (const piece of pieces) {
    if (piece.length === length) return piece
    out ??= new Uint8Array(length)
    out.set(piece, offset)
    offset += piece.length
  }
  return out ?? new Uint8Array(length)
}
