import type { Model, Piece } from '../../src/model/model.ts'

/** Bases, halos counted, that pieces with a small halo have together in one run of the model. */
const packBases = 16_384
/** Bases of the longest ALT that is tried, where memory has room for it. */
const longestAlternate = 2 ** 20
/** Halos from here on are not put side by side: their seams would cost more than a run of its own. */
const smallHalo = 1_000

/** Values by the names of tracks. */
export type Tracks = Readonly<Record<string, Float32Array>>

export interface ComputeOptions {
  readonly tracks: readonly string[]
  readonly memoryBytes: number
  readonly signal?: AbortSignal
}

/** The values of each piece, in order, along the strand that the model read. */
export async function computePieces(
  model: Model,
  pieces: readonly Piece[],
  { tracks, memoryBytes, signal }: ComputeOptions,
): Promise<Tracks[]> {
  const run = { tracks, memoryBytes }
  const found: Tracks[] = []
  let previous: Promise<Tracks[]> | undefined
  const take = async (computed: typeof previous): Promise<void> => {
    found.push(...((await computed) ?? []))
  }
  for (const pack of packsOf(model, pieces, memoryBytes)) {
    signal?.throwIfAborted()
    // The next pack is queued before the last one's values are awaited.
    const current = model.runPieces(pack, run)
    current.catch(() => {}) // reported when it is awaited
    await take(previous)
    previous = current
  }
  await take(previous)
  return found
}

/** Most bases that a stretch of the reference has; LimitError where the model does not fit `memoryBytes`. */
export function mostReferenceBases(model: Model, distance: number, memoryBytes: number): number {
  return rowBases(model, Math.max(2 * distance + 1, packBases), memoryBytes)
}

/** Most bases of an ALT that the model has room for. */
export const mostAlternateBases = (model: Model, memoryBytes: number): number =>
  rowBases(model, longestAlternate, memoryBytes)

const rowBases = ({ plan }: Model, length: number, memoryBytes: number): number =>
  plan({ tracks: [], length, chunkBases: length, leftContext: 0, rightContext: 0, memoryBytes }).chunkBases

function* packsOf(model: Model, pieces: readonly Piece[], memoryBytes: number): Generator<Piece[]> {
  const { left, right } = model.info.receptiveField
  const most = left + right < smallHalo ? rowBases(model, packBases, memoryBytes) : 0
  let pack: Piece[] = []
  let bases = 0
  for (const piece of pieces) {
    const more = piece.length + left + right
    if (pack.length > 0 && bases + more > most) {
      yield pack
      pack = []
      bases = 0
    }
    pack.push(piece)
    bases += more
  }
  if (pack.length > 0) yield pack
}
