import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { Effects } from './options.ts'

/** Probabilities along the forward strand. */
export interface SiteTracks {
  readonly acceptor: Float32Array
  readonly donor: Float32Array
}

/**
 * Brings the alternate's values, which start `distance` bases before the variant, to the `count` positions of the
 * reference (SpliceAI: 2 · distance + 1). Bases of ALT stand one to one on those of REF; the last one that does takes the maximum over itself and what
 * ALT has more; what REF has more is 0. (With one base on a side: SpliceAI's rule, its long deletions included.)
 */
export function alignToReference(
  values: Float32Array,
  distance: number,
  refLength: number,
  altLength: number,
  count = 2 * distance + 1,
): Float32Array {
  const out = new Float32Array(count)
  if (altLength > refLength) {
    const extra = altLength - refLength
    const last = distance + refLength - 1
    for (let i = 0; i < count; i++) out[i] = values[i <= last ? i : i + extra]
    if (last < count) for (let i = last; i <= last + extra; i++) out[last] = Math.max(out[last], values[i])
    return out
  }
  const gap = refLength - altLength
  const head = Math.min(distance + altLength, values.length)
  out.set(values.subarray(0, head))
  out.set(values.subarray(head), head + gap)
  return out
}

export interface EffectOptions {
  /** 0-based. */
  readonly position: number
  readonly distance: number
  readonly gene: Transcript
  readonly mask?: 'boundary' | 'sites'
}

/** The largest gains and losses between two aligned windows; of equal ones the first. NaN where a value is no number. */
export function effectsOf(reference: SiteTracks, alternate: SiteTracks, options: EffectOptions): Effects {
  const { mask, distance } = options
  const found = [
    strongest(reference, alternate, 'acceptor', 1, options),
    strongest(reference, alternate, 'acceptor', -1, options),
    strongest(reference, alternate, 'donor', 1, options),
    strongest(reference, alternate, 'donor', -1, options),
  ]
  const offsets = found.map(({ index }) => index - distance) as unknown as Effects['offsets']
  let scores = found.map(({ score }) => Math.fround(score)) as unknown as Effects['scores']
  if (mask === 'boundary') {
    const boundary = nearestBoundary(options)
    scores = scores.map((score, k) => {
      const isGain = k % 2 === 0
      return (offsets[k] === boundary) === isGain ? 0 : score
    }) as unknown as Effects['scores']
  }
  const raw = (tracks: SiteTracks): Effects['reference'] =>
    found.map(({ index }, k) => (k < 2 ? tracks.acceptor : tracks.donor)[index]) as unknown as Effects['reference']
  return { scores, offsets, reference: raw(reference), alternate: raw(alternate) }
}

function strongest(
  reference: SiteTracks,
  alternate: SiteTracks,
  kind: 'acceptor' | 'donor',
  sign: 1 | -1,
  { position, distance, gene, mask }: EffectOptions,
): { score: number; index: number } {
  const [before, after] = [reference[kind], alternate[kind]]
  const sites = mask === 'sites' ? sitesOf(gene, kind) : undefined
  let index = 0
  let score = Number.NEGATIVE_INFINITY
  for (let i = 0; i < before.length; i++) {
    let value = sign === 1 ? after[i] - before[i] : before[i] - after[i]
    if (sites && sites.has(position - distance + i) === (sign === 1)) value = 0
    if (value > score) {
      score = value
      index = i
    } else if (Number.isNaN(value)) return { score: value, index: i }
  }
  return { score, index }
}

/** Annotated sites of a kind, 0-based: the first base of an exon, or its last, but for the transcript's own ends. */
function sitesOf({ strand, exonStarts, exonEnds }: Transcript, kind: 'acceptor' | 'donor'): ReadonlySet<number> {
  const isStart = (kind === 'acceptor') === (strand === '+')
  return new Set(isStart ? exonStarts.slice(1) : exonEnds.slice(0, -1).map((end) => end - 1))
}

/** Bases from the variant to the nearest first or last base of an exon, the left one of two; undefined without exons. */
function nearestBoundary({ gene, position }: EffectOptions): number | undefined {
  let nearest: number | undefined
  for (const boundary of [...gene.exonStarts, ...gene.exonEnds.map((end) => end - 1)]) {
    const offset = boundary - position
    const isNearer =
      nearest === undefined ||
      Math.abs(offset) < Math.abs(nearest) ||
      (Math.abs(offset) === Math.abs(nearest) && offset < nearest)
    if (isNearer) nearest = offset
  }
  return nearest
}
