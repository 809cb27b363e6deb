/** `genoconv/view`: the picture of `genoconv view` for a page of your own. Runs in browsers; `drawSvg` runs anywhere. */
import { type HeldRegion, memorySource } from './memory-source.ts'
import type { Gene, Lane, ShownVariant, ViewSource } from './source.ts'

export type { Theme } from './colours.ts'
export { type DrawOptions, drawSvg } from './draw.ts'
export type * from './source.ts'
export { Viewer, type ViewerOptions } from './viewer.ts'

/** Predictions of a stretch of a contig, as a page has them. */
export interface ShownTracks {
  readonly contig: string
  /** 0-based position of the first value. */
  readonly start: number
  /** By name, in the order in which they are drawn: a value for each position, NaN where there is none. All of one length. */
  readonly tracks: Readonly<Record<string, Float32Array>>
  /** Letters, or their ASCII codes, one for each position. */
  readonly bases?: string | Uint8Array
  readonly genes?: readonly Gene[]
  readonly variants?: readonly ShownVariant[]
  readonly title?: string
}

/**
 * A source of what is in memory, e.g. of a batch that `predict` yields, for `Viewer.open`.
 *
 * @throws RangeError where there is no track or no value, or lengths differ
 */
export function tracksSource(shown: ShownTracks): ViewSource {
  const { contig, start, tracks, bases = '', genes = [], variants = [], title = contig } = shown
  const values = Object.values(tracks)
  const length = values[0]?.length ?? 0
  if (length === 0) throw new RangeError('tracks: nothing to show: expected a track with values')
  for (const [name, track] of Object.entries({ ...tracks, ...(bases.length > 0 && { bases }) }))
    if (track.length !== length)
      throw new RangeError(`tracks: ${name} has another length: expected ${length}, got ${track.length}`)
  const span = { contig, start, end: start + length }
  const held: HeldRegion = {
    info: {
      title,
      lanes: Object.entries(tracks).map(([track, one]): Lane => ({ file: title, track, ...rangeOf(one) })),
      contigs: [{ name: contig, length: span.end, start, end: span.end }],
      hasGenes: genes.length > 0,
      hasVariants: variants.length > 0,
    },
    span,
    values,
    bases: typeof bases === 'string' ? bases : new TextDecoder('latin1').decode(bases),
    genes,
    variants,
    sites: [],
  }
  return memorySource(held)
}

function rangeOf(values: Float32Array): { least: number; largest: number } {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < least) least = value
    if (value > largest) largest = value
  }
  return least <= largest ? { least, largest } : { least: 0, largest: 1 }
}
