import { type EditedPiece, type EditedValues, editedPiece } from '../../src/model/edit.ts'
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

/**
 * The values of each piece and of its edits, in order, along the strand that the model read: against the piece's kept
 * activations where the model can and memory allows it, else as whole sequences.
 */
export async function computeEdits(
  model: Model,
  pieces: readonly EditedPiece[],
  options: ComputeOptions,
): Promise<EditedValues[]> {
  const found = Array<EditedValues>(pieces.length)
  const fits = pieces.map((piece) => model.edits?.fits(piece, options.memoryBytes) ?? false)
  const places = (kept: boolean): number[] => [...pieces.keys()].filter((i) => fits[i] === kept)
  const kept = places(true)
  if (model.edits && kept.length > 0) {
    const values = await model.edits.run(
      kept.map((i) => pieces[i]),
      options,
    )
    for (const [k, i] of kept.entries()) found[i] = values[k]
  }
  const whole = places(false)
  const values = await computePieces(
    model,
    whole.flatMap((i) => [pieces[i].piece, ...pieces[i].edits.map((edit) => editedPiece(pieces[i].piece, edit))]),
    options,
  )
  let next = 0
  for (const i of whole) found[i] = { tracks: values[next++], edits: pieces[i].edits.map(() => values[next++]) }
  return found
}

/** The values of each piece, in order. */
async function computePieces(
  model: Model,
  pieces: readonly Piece[],
  { tracks, memoryBytes, signal }: ComputeOptions,
): Promise<Tracks[]> {
  const found: Tracks[] = []
  let previous: Promise<Tracks[]> | undefined
  for (const pack of packsOf(model, pieces, memoryBytes)) {
    signal?.throwIfAborted()
    // The next pack is queued before the last one's values are awaited.
    const current = model.runPieces(pack, { tracks, memoryBytes })
    current.catch(() => {}) // reported when it is awaited
    if (previous) found.push(...(await previous))
    previous = current
  }
  if (previous) found.push(...(await previous))
  return found
}

/** Most bases that a stretch of the reference has; LimitError where the model does not fit `memoryBytes`. */
export function mostReferenceBases(model: Model, distance: number, memoryBytes: number): number {
  const most = rowBases(model, Math.max(2 * distance + 1, packBases), memoryBytes)
  const kept = model.edits?.mostBases(memoryBytes) ?? 0
  return kept > 2 * distance ? Math.min(most, kept) : most
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
