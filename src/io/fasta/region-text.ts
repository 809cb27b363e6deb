import { RegionError } from '../../errors.ts'
import type { Contig, Region } from '../../genome.ts'
import { nameSome } from './names.ts'

/**
 * Reads region text as samtools does: `chr20` (all of it), `chr20:1,001-2,000` (1-based, inclusive), `chr20:1000` and
 * `chr20:1000-` (to the end), `chr20:-2000` (from the start), `{name}:1-2` where the name itself has a colon. A text that is a
 * contig's whole name is that contig. Returns the region 0-based, half-open, with `text` as its name only where the caller
 * adds one. RegionError, with the text and the contig's length, for an unknown contig, a malformed range, or positions that
 * the contig does not have (samtools clips the end there; here it is an error).
 */
export function parseRegion(text: string, contigs: readonly Contig[] | ReadonlyMap<string, Contig>): Region {
  const known =
    contigs instanceof Map ? (contigs as ReadonlyMap<string, Contig>) : contigMap(contigs as readonly Contig[])
  const trimmed = text.trim()
  const whole = known.get(trimmed)
  if (whole) return wholeContig(whole, text)

  const braced = /^\{([^}]*)\}(?::(.*))?$/.exec(trimmed)
  const colon = trimmed.lastIndexOf(':')
  const name = braced ? braced[1] : colon < 0 ? trimmed : trimmed.slice(0, colon)
  const range = braced ? (braced[2] ?? '') : colon < 0 ? '' : trimmed.slice(colon + 1)
  const contig = known.get(name)
  if (!contig) {
    throw new RegionError({
      where: `region ${text}`,
      what: 'no such contig',
      expected: nameSome([...known.keys()]),
      got: name || 'no name',
    })
  }
  if (range === '') return wholeContig(contig, text)

  const match = /^([\d,]*)(?:(-)([\d,]*))?$/.exec(range)
  if (!match || range === '-' || range.startsWith(',')) {
    throw new RegionError({
      where: `region ${text}`,
      what: 'not a range',
      expected: `start-end of 1 to ${contig.length}, as in ${name}:1,001-2,000`,
      got: range,
    })
  }
  const first = match[1] === '' ? 1 : toNumber(match[1])
  const last = match[3] === undefined || match[3] === '' ? contig.length : toNumber(match[3])
  if (first < 1 || first > last || last > contig.length) {
    throw new RegionError({
      where: `region ${text}`,
      what:
        first >= 1 && first <= contig.length && first > last
          ? 'start lies after end'
          : `outside contig ${name} of length ${contig.length}`,
      expected: `1 <= start <= end <= ${contig.length} (1-based, inclusive)`,
      got: `${first}-${last}`,
    })
  }
  return { contig: name, start: first - 1, end: last }
}

function wholeContig({ name, length }: Contig, text: string): Region {
  if (length > 0) return { contig: name, start: 0, end: length }
  throw new RegionError({
    where: `region ${text}`,
    what: `contig ${name} has no bases`,
    expected: 'a length above 0',
    got: '0',
  })
}

const toNumber = (digits: string): number => Number(digits.replaceAll(',', ''))

/** Contigs by name; for many calls of `parseRegion` make it once. */
export function contigMap(contigs: readonly Contig[]): ReadonlyMap<string, Contig> {
  let map = maps.get(contigs)
  if (!map) {
    map = new Map()
    for (const contig of contigs) map.set(contig.name, contig)
    maps.set(contigs, map)
  }
  return map
}

/** By list: a genome gives the same list each time, and one of a million records is to be looked through once. */
const maps = new WeakMap<readonly Contig[], Map<string, Contig>>()
