import { DeviceError } from '../src/errors.ts'
import type { Strand } from '../src/genome.ts'
import { reverseComplement } from '../src/io/alphabet.ts'
import type { Model, Piece } from '../src/model/model.ts'
import type { ContigSource } from './contig-source.ts'
import type { StrandValues, Stretch } from './run-strand.ts'

/** A stretch and the strand or strands it is to be run on. */
export interface StrandedStretch extends Stretch {
  readonly direction: Strand | 'both'
}

export interface PackOptions {
  readonly tracks: readonly string[]
  readonly memoryBytes: number
  readonly signal?: AbortSignal
  /**
   * Whether a stretch has around it all that the model can see: then what overlapping stretches share has the same
   * values in each, and is read and computed once.
   */
  readonly isContextFull: boolean
}

/** Bases, context counted, that one pack may have: long enough to keep the device busy, short against any memory. */
export const packBases = 2 ** 18

export const basesSeen = ({ start, end, before, after, direction }: StrandedStretch): number => (direction === 'both' ? 2 : 1) * (end - start + before + after)

/** A stretch that is worth packing; longer ones fill the device on their own. */
export const isShort = (stretch: StrandedStretch): boolean => basesSeen(stretch) <= packBases / 4

/** Sequence that is read and computed once for one or more stretches of a strand. */
interface Merged {
  readonly contig: ContigSource
  readonly strand: Strand
  start: number
  end: number
  before: number
  after: number
}

/**
 * Reads and queues short stretches together; `values` comes to one entry a stretch, in order (for `both` with suffixed
 * tracks). The device works while the caller readies the next pack.
 */
export async function queuePack(model: Model, stretches: readonly StrandedStretch[], options: PackOptions): Promise<{ values: Promise<StrandValues[]> }> {
  const merged: Merged[] = []
  const placeOf = mergeStretches(stretches, options.isContextFull, merged)
  const letters = await Promise.all(merged.map(({ contig, start, end, before, after }) => gather(contig, start - before, end + after)))
  options.signal?.throwIfAborted()
  const pieces = merged.map(({ strand, start, end, before, after }, i): Piece => {
    const length = end - start
    return strand === '+'
      ? { bases: letters[i]!, leftContext: before, length, rightContext: after }
      : { bases: reverseComplement(letters[i]!), leftContext: after, length, rightContext: before }
  })
  const queued = model.runPieces(pieces, options)
  const values = queued.then((computed) =>
    stretches.map((stretch, i): StrandValues => {
      const tracks: Record<string, Float32Array> = {}
      for (const { strand, suffix } of runsOf(stretch)) {
        const m = placeOf(i, strand)
        const { start, end } = merged[m]!
        for (const name of options.tracks) {
          const whole = computed[m]![name]!
          const [from, to] = strand === '+' ? [stretch.start - start, stretch.end - start] : [end - stretch.end, end - stretch.start]
          const part = whole.slice(from, to)
          tracks[name + suffix] = strand === '+' ? part : part.reverse()
        }
      }
      const m = placeOf(i, runsOf(stretch)[0]!.strand)
      const first = stretch.start - (merged[m]!.start - merged[m]!.before)
      return { start: stretch.start, bases: letters[m]!.slice(first, first + stretch.end - stretch.start), tracks }
    }),
  )
  values.catch(() => {}) // reported when it is awaited
  return { values }
}

/** True for what a pack may fail of and its stretches, one by one, may not. */
export const isDeviceFailure = (error: unknown): error is DeviceError => error instanceof DeviceError

const runsOf = ({ direction }: StrandedStretch): readonly { strand: Strand; suffix: string }[] =>
  direction === 'both'
    ? [
        { strand: '+', suffix: '_plus' },
        { strand: '-', suffix: '_minus' },
      ]
    : [{ strand: direction, suffix: '' }]

/**
 * Fills `merged`: one entry a stretch and strand, or, with full context, one for all that lie so near to each other that
 * the context of one reaches the next. Gives the entry of stretch i on a strand.
 */
function mergeStretches(stretches: readonly StrandedStretch[], isContextFull: boolean, merged: Merged[]): (i: number, strand: Strand) => number {
  const places = new Map<string, number>()
  const runs = stretches.flatMap((stretch, i) => runsOf(stretch).map(({ strand }) => ({ stretch, strand, i })))
  if (isContextFull) runs.sort((a, b) => compare(a.stretch.contig.name, b.stretch.contig.name) || compare(a.strand, b.strand) || a.stretch.start - b.stretch.start)
  let last: Merged | undefined
  for (const { stretch, strand, i } of runs) {
    const { contig, start, end, before, after } = stretch
    const isNear = last && isContextFull && last.contig === contig && last.strand === strand && start - before <= last.end
    if (last && isNear) {
      if (end > last.end) Object.assign(last, { end, after })
    } else {
      last = { contig, strand, start, end, before, after }
      merged.push(last)
    }
    places.set(`${i}${strand}`, merged.length - 1)
  }
  return (i, strand) => places.get(`${i}${strand}`)!
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

async function gather(contig: ContigSource, start: number, end: number): Promise<Uint8Array> {
  const out = new Uint8Array(end - start)
  let offset = 0
  for await (const piece of contig.bases(start, end)) {
    out.set(piece, offset)
    offset += piece.length
  }
  return out
}
