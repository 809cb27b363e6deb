import { Spool } from '../../src/io/bytes/spool.ts'
import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import type { Model } from '../../src/model/model.ts'
import type { ContigSource } from './contig-source.ts'
import { planReverse, reversePieces, type StrandOptions, type StretchControl } from './strand-plan.ts'
import { gather, type StrandValues, turned, valueCount } from './strand-values.ts'
import type { Stretch } from './stretch.ts'

/**
 * The reverse complement is run; its values stand at forward coordinates, in ascending order. A model with a receptive
 * field that is small against a piece is run on pieces from the front; one whose values depend on everything before them
 * must start at the far end, and its values wait until the near end is reached.
 */
export function runReverse(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  control: StretchControl = {},
): AsyncGenerator<StrandValues> {
  const pieces = reversePieces(model, stretch, options)
  return pieces
    ? reverseInPieces(model, pieces, stretch.start + (control.doneBases ?? 0), options, control)
    : reverseThroughSpool(model, stretch, options, control)
}

async function* reverseInPieces(
  model: Model,
  pieces: Iterable<Stretch>,
  doneEnd: number,
  options: StrandOptions,
  { onComputed }: StretchControl,
): AsyncGenerator<StrandValues> {
  const { signal } = options
  for (const piece of pieces) {
    const { contig, start, end, before, after } = piece
    const length = end - start
    if (end <= doneEnd) {
      onComputed?.(length)
      continue
    }
    const letters = await gather(contig.bases(start - before, end + after), length + before + after)
    const tracks = Object.fromEntries(options.tracks.map((name) => [name, new Float32Array(length)]))
    for await (const values of model.run(once(reverseComplement(letters)), planReverse(model, piece, options), {
      signal,
    })) {
      const count = valueCount(values.tracks)
      onComputed?.(count)
      for (const name of options.tracks) tracks[name].set(turned(values.tracks[name]), length - values.start - count)
    }
    yield { start, bases: letters.subarray(before, before + length), tracks }
  }
}

async function* reverseThroughSpool(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  { onComputed }: StretchControl,
): AsyncGenerator<StrandValues> {
  const { contig, start, end, before, after } = stretch
  const { signal } = options
  const length = end - start
  const spool = new Spool({ memoryBytes: options.spoolBytes, folder: options.temporaryFolder })
  // Rows of one position stand together, so that both directions touch the file in order.
  const width = options.tracks.length
  const rowBytes = 4 * width
  try {
    const letters = backwards(contig, start - before, end + after)
    for await (const values of model.run(letters, planReverse(model, stretch, options), { signal })) {
      const count = valueCount(values.tracks)
      const rows = new Float32Array(count * width)
      for (const [k, name] of options.tracks.entries()) {
        const track = values.tracks[name]
        for (let t = 0; t < count; t++) rows[(count - 1 - t) * width + k] = track[t]
      }
      await spool.write((length - values.start - count) * rowBytes, new Uint8Array(rows.buffer))
      onComputed?.(count)
    }
    let at = start
    for await (const bases of cutTo(Math.ceil(mostRowBytes / rowBytes), contig.bases(start, end))) {
      const rows = new Float32Array((await spool.read((at - start) * rowBytes, bases.length * rowBytes)).buffer)
      const column = (k: number): Float32Array =>
        Float32Array.from({ length: bases.length }, (_, t) => rows[t * width + k])
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

/** Bytes of rows that are read back at a time. */
const mostRowBytes = 2 ** 25

/** Pieces of at most `most` bases. Views. */
async function* cutTo(most: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces)
    for (let from = 0; from < piece.length; from += most) yield piece.subarray(from, from + most)
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}
