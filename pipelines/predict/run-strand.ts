import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import { Spool } from '../../src/io/bytes/spool.ts'
import type { Strand } from '../../src/genome.ts'
import type { Model, RunOptions } from '../../src/model/model.ts'
import { readAhead } from '../../src/streams.ts'
import { BaseTape } from './base-tape.ts'
import type { ContigSource } from './contig-source.ts'

/** A stretch of a contig to predict, with the real sequence beyond it that the model may see. */
export interface Stretch {
  readonly contig: ContigSource
  /** 0-based half-open, forward coordinates; `end` is Infinity where the contig's length is not known. */
  readonly start: number
  readonly end: number
  /** Bases before `start` and after `end`, forward coordinates. */
  readonly before: number
  readonly after: number
  /** For a part of a whole record: the record's bases. The part is computed in the steps that the whole would be. */
  readonly wholeLength?: number
}

/** Values of `[start, start + bases.length)` at forward coordinates. */
export interface StrandValues {
  readonly start: number
  /** ASCII letters of the forward strand, as read. */
  readonly bases: Uint8Array
  readonly tracks: Readonly<Record<string, Float32Array>>
}

export interface StrandOptions {
  readonly tracks: readonly string[]
  readonly chunkBases?: number
  readonly memoryBytes: number
  readonly spoolBytes: number
  readonly temporaryFolder: string
  readonly signal?: AbortSignal
  /**
   * Bases at the front of the stretch whose values are not wanted again: values may start anywhere at or before the next
   * one, and are bit for bit those of a whole run.
   */
  readonly doneBases?: number
  /** Told how many bases more have been computed, or need not be. */
  readonly onComputed?: (bases: number) => void
}

const valueCount = (tracks: Readonly<Record<string, Float32Array>>): number => Object.values(tracks)[0].length

/** The forward strand, in ascending order, in memory bounded by the model's chunk. */
export async function* runForward(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
): AsyncGenerator<StrandValues> {
  const { doneBases = 0 } = options
  const skips = doneBases > 0 && isWindowed(model)
  const chunkBases =
    skips || isPart(stretch)
      ? wholeChunk(model, stretch.wholeLength ?? stretch.end - stretch.start, options)
      : options.chunkBases
  // Windows that are done are neither computed nor, where that is possible, read.
  const skipped = skips ? doneBases - (doneBases % chunkBases!) : 0
  if (skipped > 0) options.onComputed?.(skipped)
  const { contig, end, after } = stretch
  const start = stretch.start + skipped
  const before = skipped > 0 ? Math.min(model.info.receptiveField.left, stretch.before + skipped) : stretch.before
  const tape = new BaseTape()
  const run = {
    ...options,
    chunkBases,
    doneBases: doneBases - skipped,
    length: end - start,
    leftContext: before,
    rightContext: after,
  }
  for await (const values of model.run(readAhead(tape.record(contig.bases(start - before, end + after)), 1), run)) {
    const length = valueCount(values.tracks)
    options.onComputed?.(length)
    yield { start: start + values.start, bases: tape.take(before + values.start, length), tracks: values.tracks }
  }
}

/**
 * The reverse complement is run; its values stand at forward coordinates, in ascending order. A model with a receptive
 * field that is small against a piece is run on pieces from the front, each with all it can see; one whose values depend
 * on everything before them must start at the far end, and its values wait until the near end is reached.
 */
export function runReverse(model: Model, stretch: Stretch, options: StrandOptions): AsyncGenerator<StrandValues> {
  const pieceBases = pieceLength(model, stretch, options)
  return pieceBases === undefined
    ? reverseThroughSpool(model, stretch, options)
    : reverseInPieces(model, stretch, options, pieceBases)
}

/** Whether the model runs in windows that each see all they need, so that any of them can be the first. */
const isWindowed = ({ info }: Model): boolean => info.family === 'splice'

const isPart = ({ start, end, wholeLength }: Stretch): boolean =>
  wholeLength !== undefined && wholeLength !== end - start

/** Bases that are computed at a time where all of `length` bases are. */
const wholeChunk = (model: Model, length: number, options: StrandOptions): number =>
  model.plan({ ...runOptions(options, length), leftContext: 0, rightContext: 0 }).chunkBases

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

/** Bases of a piece; undefined where the context that each needs would cost more than it is worth. */
function pieceLength(
  model: Model,
  { start, end, wholeLength }: Pick<Stretch, 'start' | 'end' | 'wholeLength'>,
  options: StrandOptions,
): number | undefined {
  const { left, right } = model.info.receptiveField
  const chunkBases = wholeChunk(model, wholeLength ?? end - start, options)
  const mostBases = options.spoolBytes / (2 + 4 * options.tracks.length)
  const wanted = Math.max(4 * chunkBases, 4 * (left + right), 65_536)
  if (wanted <= mostBases) return wanted
  return 2 * (left + right) <= mostBases ? Math.floor(mostBases) : undefined
}

const runOptions = (
  options: StrandOptions,
  length: number,
): Pick<RunOptions, 'tracks' | 'length' | 'chunkBases' | 'memoryBytes' | 'signal'> => ({
  tracks: options.tracks,
  chunkBases: options.chunkBases,
  memoryBytes: options.memoryBytes,
  signal: options.signal,
  length,
})

async function* reverseInPieces(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  pieceBases: number,
): AsyncGenerator<StrandValues> {
  const { contig, start, end, before, after } = stretch
  const { left, right } = model.info.receptiveField
  for (let from = start; from < end; from += pieceBases) {
    const to = Math.min(end, from + pieceBases)
    if (to <= start + (options.doneBases ?? 0)) {
      options.onComputed?.(to - from)
      continue
    }
    // What the model calls left lies after the piece on the forward strand.
    const rightContext = Math.min(right, from - (start - before))
    const leftContext = Math.min(left, end + after - to)
    const letters = await gather(
      contig.bases(from - rightContext, to + leftContext),
      to - from + leftContext + rightContext,
    )
    const length = to - from
    const tracks = Object.fromEntries(options.tracks.map((name) => [name, new Float32Array(length)]))
    for await (const values of model.run(once(reverseComplement(letters)), {
      ...runOptions(options, length),
      leftContext,
      rightContext,
    })) {
      const count = valueCount(values.tracks)
      options.onComputed?.(count)
      for (const name of options.tracks)
        tracks[name].set(values.tracks[name].slice().reverse(), length - values.start - count)
    }
    yield { start: from, bases: letters.slice(rightContext, rightContext + length), tracks }
  }
}

async function* reverseThroughSpool(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
): AsyncGenerator<StrandValues> {
  const { contig, start, end, before, after } = stretch
  const length = end - start
  const spool = new Spool({ memoryBytes: options.spoolBytes, folder: options.temporaryFolder })
  // Rows of one position stand together, so that both directions touch the file in order.
  const rowBytes = 4 * options.tracks.length
  try {
    const run = { ...runOptions(options, length), leftContext: after, rightContext: before }
    for await (const values of model.run(backwards(contig, start - before, end + after), run)) {
      const count = valueCount(values.tracks)
      const rows = new Float32Array(count * options.tracks.length)
      options.tracks.forEach((name, k) => {
        const track = values.tracks[name]
        for (let t = 0; t < count; t++) rows[(count - 1 - t) * options.tracks.length + k] = track[t]
      })
      await spool.write((length - values.start - count) * rowBytes, new Uint8Array(rows.buffer))
      options.onComputed?.(count)
    }
    let at = start
    for await (const bases of contig.bases(start, end)) {
      const rows = new Float32Array((await spool.read((at - start) * rowBytes, bases.length * rowBytes)).buffer)
      const column = (k: number): Float32Array =>
        Float32Array.from({ length: bases.length }, (_, t) => rows[t * options.tracks.length + k])
      yield { start: at, bases, tracks: Object.fromEntries(options.tracks.map((name, k) => [name, column(k)])) }
      at += bases.length
    }
  } finally {
    await spool.close()
  }
}

/** The reverse complement of `contig[start, end)`, from its beginning (the contig's far end) on. */
async function* backwards(contig: ContigSource, start: number, end: number): AsyncGenerator<Uint8Array> {
  const pieceBases = 1 << 20
  for (let to = end; to > start; to -= pieceBases) {
    const from = Math.max(start, to - pieceBases)
    yield reverseComplement(await gather(contig.bases(from, to), to - from))
  }
}

async function gather(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length)
  let offset = 0
  for await (const piece of pieces) {
    out.set(piece, offset)
    offset += piece.length
  }
  return out
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}

/** Both strands side by side: tracks get the suffixes `_plus` and `_minus`. */
export async function* runBoth(model: Model, stretch: Stretch, options: StrandOptions): AsyncGenerator<StrandValues> {
  const minus = runReverse(model, stretch, options)
  const plus = runForward(model, stretch, options)
  try {
    let p: StrandValues | undefined
    let m: StrandValues | undefined
    for (;;) {
      // Minus first: where it waits for its far end, plus has not begun and holds nothing.
      m ??= (await minus.next()).value as StrandValues | undefined
      p ??= (await plus.next()).value as StrandValues | undefined
      if (!p || !m) return
      // A run that goes on may start at another base on each strand.
      const from = Math.max(p.start, m.start)
      p = rest(p, Math.min(from - p.start, p.bases.length))
      m = rest(m, Math.min(from - m.start, m.bases.length))
      if (!p || !m) continue
      const count = Math.min(p.bases.length, m.bases.length)
      yield {
        start: p.start,
        bases: p.bases.subarray(0, count),
        tracks: { ...cut(p, 0, count, '_plus'), ...cut(m, 0, count, '_minus') },
      }
      p = rest(p, count)
      m = rest(m, count)
    }
  } finally {
    await Promise.all([minus.return(undefined), plus.return(undefined)])
  }
}

const cut = (values: StrandValues, from: number, to: number, suffix = ''): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(values.tracks).map(([name, track]) => [name + suffix, track.subarray(from, to)]))

function rest(values: StrandValues, from: number): StrandValues | undefined {
  const length = values.bases.length
  if (from === length) return undefined
  return { start: values.start + from, bases: values.bases.subarray(from), tracks: cut(values, from, length) }
}
