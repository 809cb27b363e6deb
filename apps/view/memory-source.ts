import type { Gene, LaneBins, Peak, ShownVariant, Site, Span, ViewInfo, ViewSource } from './source.ts'
import { showSpan } from './svg.ts'

/** All of a region, as a page holds it that needs no server, or as a run in a page has it. */
export interface HeldRegion {
  readonly info: ViewInfo
  readonly span: Span
  /** By lane: a value for each position of the span, NaN where there is none. */
  readonly values: readonly Float32Array[]
  readonly bases: string
  readonly genes: readonly Gene[]
  readonly variants: readonly ShownVariant[]
  readonly sites: readonly Site[]
}

/** More letters than this are never drawn. */
export const mostBasesShown = 2000

/** A source of what is in memory. */
export function memorySource(held: HeldRegion): ViewSource {
  const { span, values, bases, genes, variants, sites } = held
  const info: ViewInfo = { ...held.info, held: span }
  /** Indices of what is held of a stretch; equal where that is nothing. */
  const inside = (start: number, end: number): [from: number, to: number] => {
    const from = Math.max(0, start - span.start)
    return [from, Math.max(from, Math.min(span.end, end) - span.start)]
  }
  return {
    info: async () => info,
    async show(wanted, bins) {
      const { contig, start, end } = wanted
      const isThere = contig === span.contig
      const meets = (other: { readonly start: number; readonly end: number }): boolean =>
        isThere && other.start < end && start < other.end
      return {
        span: wanted,
        lanes: values.map((lane) => binned(isThere ? lane : new Float32Array(), start - span.start, end - start, bins)),
        genes: genes.filter(meets),
        variants: thinVariants(
          variants.filter(({ position }) => meets({ start: position, end: position + 1 })),
          wanted,
          bins,
        ),
        bases:
          isThere && end - start <= mostBasesShown
            ? ' '.repeat(Math.max(0, span.start - start)) + bases.slice(...inside(start, end))
            : undefined,
      }
    },
    async peaks({ contig, start, end }) {
      return values.map((lane) => (contig === span.contig ? peakOf(lane, ...inside(start, end), span.start) : null))
    },
    sites: async () => ({ sites, progress: 1 }),
    async find(text) {
      const gene = genes.find(({ name }) => name.toLowerCase() === text.trim().toLowerCase())
      const found = gene
        ? { contig: span.contig, start: gene.start, end: gene.end }
        : parseSpan(text, info.contigs, span.contig)
      if (found.start < span.end && span.start < found.end) return found
      throw new Error(`${text.trim()}: not in this page: expected a part of ${showSpan(span)}`)
    },
  }
}

/** All of `variants`, or of each of `most` stretches of the span the one that changes most. */
export function thinVariants(
  variants: readonly ShownVariant[],
  { start, end }: Span,
  most: number,
): readonly ShownVariant[] {
  if (variants.length <= most) return variants
  const strongest = new Map<number, ShownVariant>()
  for (const variant of variants) {
    const stretch = Math.floor(((variant.position - start) / (end - start)) * most)
    const other = strongest.get(stretch)
    if (!other || Math.abs(variant.score ?? 0) > Math.abs(other.score ?? 0)) strongest.set(stretch, variant)
  }
  return [...strongest.values()]
}

function peakOf(lane: Float32Array, from: number, to: number, start: number): Peak | null {
  let best = -1
  for (let i = from; i < to; i++) if (!Number.isNaN(lane[i]) && !(lane[best] >= lane[i])) best = i
  return best < 0 ? null : { position: start + best, value: lane[best] }
}

function binned(lane: Float32Array, from: number, bases: number, most: number): LaneBins {
  const count = Math.max(1, Math.min(most, bases))
  const least: (number | null)[] = new Array(count).fill(null)
  const largest: (number | null)[] = new Array(count).fill(null)
  for (let i = Math.max(0, from); i < Math.min(lane.length, from + bases); i++) {
    const value = lane[i]
    if (Number.isNaN(value)) continue
    const bin = Math.floor(((i - from) * count) / bases)
    if (!(least[bin]! <= value) || least[bin] === null) least[bin] = value
    if (!(largest[bin]! >= value) || largest[bin] === null) largest[bin] = value
  }
  return { least, largest }
}

/** Around a single position, on each side. */
const aroundBases = 50

/**
 * `20:14,000,001-14,000,100` (1-based, inclusive), `20:14,000,123` and `14,000,123` (with what is around it), or a contig's
 * name. Throws an Error that says what was expected.
 */
export function parseSpan(
  text: string,
  contigs: readonly { readonly name: string; readonly length: number; readonly start: number; readonly end: number }[],
  current: string,
): Span {
  const wanted = text.trim()
  const named = (name: string) =>
    contigs.find((one) => one.name === name) ??
    contigs.find((one) => one.name.replace(/^chr/i, '') === name.replace(/^chr/i, ''))
  const whole = named(wanted)
  if (whole) return { contig: whole.name, start: whole.start, end: whole.end }
  const match = /^(?:(.+):)?([\d,]+)(?:(?:-|\.\.)([\d,]+))?$/.exec(wanted)
  const contig = match && named(match[1] ?? current)
  if (!match || !contig) {
    const names = contigs.slice(0, 3).map(({ name }) => name)
    throw new Error(
      `${wanted || 'nothing'}: not found: expected a region such as ${names[0]}:1,001-2,000, a position, a gene, or a contig (${names.join(', ')}${contigs.length > 3 ? ', …' : ''})`,
    )
  }
  const number = (digits: string): number => Number(digits.replaceAll(',', ''))
  const first = number(match[2])
  const last = match[3] === undefined ? first : number(match[3])
  if (first < 1 || last < first || last > contig.length)
    throw new Error(
      `${wanted}: outside ${contig.name}: expected positions from 1 to ${contig.length.toLocaleString('en-US')}`,
    )
  if (match[3] !== undefined) return { contig: contig.name, start: first - 1, end: last }
  return {
    contig: contig.name,
    start: Math.max(0, first - 1 - aroundBases),
    end: Math.min(contig.length, first + aroundBases),
  }
}
