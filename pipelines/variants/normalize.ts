import type { Genome } from '../../src/genome.ts'
import { upperBases } from '../../src/io/fasta/alphabet.ts'

/** An allele in the place of bases of the reference. Both are ASCII, upper case, with at least one base. */
export interface Change {
  /** 0-based. */
  readonly position: number
  readonly ref: Uint8Array
  readonly alt: Uint8Array
}

/** Bases that are read at a time on the way to the left. */
const readBases = 256

/** Without the suffix that both share, then without the prefix; at least one base is kept of each. */
export function trim({ position, ref, alt }: Change): Change {
  const least = Math.min(ref.length, alt.length) - 1
  let suffix = 0
  while (suffix < least && ref[ref.length - 1 - suffix] === alt[alt.length - 1 - suffix]) suffix++
  let prefix = 0
  while (prefix < least - suffix && ref[prefix] === alt[prefix]) prefix++
  return {
    position: position + prefix,
    ref: ref.subarray(prefix, ref.length - suffix),
    alt: alt.subarray(prefix, alt.length - suffix),
  }
}

/**
 * The same change as far to the left as it can stand, as `bcftools norm` gives it: while both end in the same base it is
 * taken off, with the base before the change put before both where one of them would be empty; then the shared prefix is
 * taken off (Tan, Abecasis, Kang 2015). What changes nothing stays where it is.
 */
export async function alignLeft(
  change: Change,
  { genome, contig, signal }: { readonly genome: Genome; readonly contig: string; readonly signal?: AbortSignal },
): Promise<Change> {
  const { position, ref, alt } = change
  if (ref.length === alt.length) return isEqual(ref, alt) ? change : trim(change)
  const shorter = Math.min(ref.length, alt.length)
  let suffix = 0
  while (suffix < shorter && ref[ref.length - 1 - suffix] === alt[alt.length - 1 - suffix]) suffix++
  if (suffix < shorter) return trim(change)
  // The shorter one is the other's suffix: what the longer one has more moves left as long as it turns into itself.
  const longer = ref.length > alt.length ? ref : alt
  const more = longer.slice(0, longer.length - shorter)
  let start = position
  let steps = 0
  let before = new Uint8Array(0) // the bases up to `start`
  for (; start > 0; start--, steps++) {
    if (before.length === 0) before = await read(Math.max(0, start - readBases), start)
    if (before[before.length - 1] !== more[more.length - 1 - (steps % more.length)]) break
    before = before.subarray(0, -1)
  }
  const turn = more.length - (steps % more.length)
  const moved = [...more.subarray(turn), ...more.subarray(0, turn)]
  // A base that stays goes with it: the one before or, at the contig's start, the one after.
  const stays = start > 0 ? before[before.length - 1] : (await read(ref.length > alt.length ? moved.length : 0))[0]
  const long = Uint8Array.from(start > 0 ? [stays, ...moved] : [...moved, stays])
  const short = Uint8Array.of(stays)
  const moves = { position: Math.max(0, start - 1) }
  return ref.length > alt.length ? { ...moves, ref: long, alt: short } : { ...moves, ref: short, alt: long }

  async function read(from: number, to = from + 1): Promise<Uint8Array<ArrayBuffer>> {
    return upperBases(await genome.read({ contig, start: from, end: to }, signal)) as Uint8Array<ArrayBuffer>
  }
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.every((base, i) => base === b[i])
