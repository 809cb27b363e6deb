import type { Strand } from '../../src/genome.ts'
import type { Model, RunPlan } from '../../src/model/model.ts'
import { asRead, isPart, runsOf, type Stretch, type StrandedStretch } from './stretch.ts'

/** How stretches are run; the same for all of a run, but for `chunkBases` after a device has failed. */
export interface StrandOptions {
  readonly tracks: readonly string[]
  readonly chunkBases?: number
  readonly memoryBytes: number
  readonly spoolBytes: number
  readonly temporaryFolder: string
  readonly signal?: AbortSignal
}

/** What a run of a stretch is given besides. */
export interface StretchControl {
  /**
   * Bases at the front of the stretch whose values are not wanted again: values may start anywhere at or before the next
   * one, and are bit for bit those of a whole run.
   */
  readonly doneBases?: number
  /** Told how many bases more have been computed, or need not be. */
  readonly onComputed?: (bases: number) => void
}

/** Whether the model runs in windows that each see all they need, so that any of them can be the first. */
const isWindowed = ({ info }: Model): boolean => info.family === 'splice'

const planOf = (
  model: Model,
  { tracks, chunkBases, memoryBytes }: StrandOptions,
  stretch: { readonly length: number; readonly leftContext: number; readonly rightContext: number },
): RunPlan => model.plan({ tracks, chunkBases, memoryBytes, ...stretch })

/** Bases that are computed at a time where all of a record of `length` bases, or of a stretch, is. */
const wholeChunk = (model: Model, length: number, options: StrandOptions): number =>
  planOf(model, options, { length, leftContext: 0, rightContext: 0 }).chunkBases

const wholeLengthOf = ({ start, end, wholeLength }: Pick<Stretch, 'start' | 'end' | 'wholeLength'>): number =>
  wholeLength ?? end - start

/**
 * How the forward strand is run where `doneBases` at its front are not wanted again: what is left out of the stretch, in
 * whole windows, and the plan of the rest, in the steps of the whole.
 */
export function planForward(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  doneBases = 0,
): { readonly run: RunPlan; readonly rest: Stretch } {
  const skips = doneBases > 0 && isWindowed(model)
  if (!skips && !isPart(stretch)) return { run: planOf(model, options, asRead(stretch, '+')), rest: stretch }
  const chunkBases = wholeChunk(model, wholeLengthOf(stretch), options)
  const skipped = skips ? doneBases - (doneBases % chunkBases) : 0
  const before = Math.min(model.info.receptiveField.left, stretch.before + skipped)
  const rest = skipped > 0 ? { ...stretch, start: stretch.start + skipped, before } : stretch
  return { run: planOf(model, { ...options, chunkBases }, asRead(rest, '+')), rest }
}

/** How the minus strand of a stretch, or of a piece of one, is run from its far end. */
export const planReverse = (model: Model, piece: Stretch, options: StrandOptions): RunPlan =>
  planOf(model, options, asRead(piece, '-'))

/**
 * The pieces that the minus strand of a stretch is run in, from the front, each with all it can see. Undefined where the
 * context that each needs would cost more than it is worth: then it is run whole, from its far end.
 */
export function reversePieces(model: Model, stretch: Stretch, options: StrandOptions): Iterable<Stretch> | undefined {
  const pieceBases = pieceLength(model, stretch, options)
  return pieceBases === undefined ? undefined : cutPieces(model, stretch, pieceBases)
}

function* cutPieces({ info }: Model, stretch: Stretch, pieceBases: number): Generator<Stretch> {
  const { left, right } = info.receptiveField
  const first = stretch.start - stretch.before
  const last = stretch.end + stretch.after
  for (let start = stretch.start; start < stretch.end; start += pieceBases) {
    const end = Math.min(stretch.end, start + pieceBases)
    // What the model calls left lies after the piece.
    yield {
      contig: stretch.contig,
      start,
      end,
      before: Math.min(right, start - first),
      after: Math.min(left, last - end),
    }
  }
}

/** Bases of a piece of the minus strand. */
function pieceLength(
  model: Model,
  stretch: Pick<Stretch, 'start' | 'end' | 'wholeLength'>,
  options: StrandOptions,
): number | undefined {
  const { left, right } = model.info.receptiveField
  const chunkBases = wholeChunk(model, wholeLengthOf(stretch), options)
  const mostBases = options.spoolBytes / (2 + 4 * options.tracks.length)
  const wanted = Math.max(4 * chunkBases, 4 * (left + right), 65_536)
  if (wanted <= mostBases) return wanted
  return 2 * (left + right) <= mostBases ? Math.floor(mostBases) : undefined
}

/** The plan of a stretch on its strand; on both, the more demanding of the two. */
export function planStretch(model: Model, stretch: StrandedStretch, options: StrandOptions): RunPlan {
  const planOn = (strand: Strand): RunPlan => {
    if (strand === '+') return planForward(model, stretch, options).run
    const [first = stretch] = Number.isFinite(stretch.end) ? (reversePieces(model, stretch, options) ?? []) : []
    return planReverse(model, first, options)
  }
  return runsOf(stretch.direction)
    .map(({ strand }) => planOn(strand))
    .reduce((a, b) => (b.memoryBytes > a.memoryBytes ? b : a))
}

/**
 * Bases at whose multiples a record of `length` bases can be cut so that each part, run by itself with the sequence
 * around it, has bit for bit the values of the whole; `length` where it must be seen whole.
 */
export function partBases(model: Model, length: number, direction: Strand | 'both', options: StrandOptions): number {
  // A causal model that begins elsewhere rounds elsewhere, though it may see no more than a few bases back.
  const chunk = isWindowed(model) ? wholeChunk(model, length, options) : length
  const piece = pieceLength(model, { start: 0, end: length }, options) ?? length
  const part = direction === '+' ? chunk : direction === '-' ? piece : chunk * (piece / greatestDivisor(chunk, piece))
  return Math.min(part, length)
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b))
