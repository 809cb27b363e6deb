import { encode, spliceCodes, spliceUnknownCode } from '../alphabet.ts'
import { type Edit, type EditedPiece, trimmedEdit } from '../edit.ts'
import type { Piece } from '../piece.ts'
import type { Halo } from '../windows.ts'
import type { EditBatch } from './edited-pieces.ts'
import type { Interval } from './reach.ts'
import { codesRegion, regionsOf, type ResidualParts } from './residual-parts.ts'

/** Edits whose wanted positions or lengths differ by more do not run as one batch: its pads are at most this long. */
export const mostDifference = 32

/** An edit with its place in the list; positions of `wanted` count from its start. */
export interface PlacedEdit {
  readonly piece: number
  readonly index: number
  readonly edit: Edit
  readonly wanted: Interval
}

export interface PlannedBatch {
  readonly edits: readonly PlacedEdit[]
  readonly regions: readonly Interval[]
  readonly wanted: Interval
}

/** Edits that change something that is wanted, trimmed; and those that change nothing of it. */
export function placeEdits(
  pieces: readonly EditedPiece[],
  parts: ResidualParts,
): { changing: PlacedEdit[]; idle: PlacedEdit[] } {
  const [changing, idle]: PlacedEdit[][] = [[], []]
  for (const [piece, { piece: whole, edits }] of pieces.entries()) {
    for (const [index, given] of edits.entries()) {
      const edit = trimmedEdit(whole, given)
      const start = edit.wanted.start - edit.start
      const wanted = { start, end: start + edit.wanted.length }
      const isSame = edit.removedCount === 0 && edit.inserted.length === 0
      const changes = !isSame && regionsOf(parts, edit.inserted.length, wanted) !== undefined
      ;(changes ? changing : idle).push({ piece, index, edit, wanted })
    }
  }
  return { changing, idle }
}

/** Edits of like shape together, `mostOf` of a shape at once. */
export function* batchesOf(
  edits: readonly PlacedEdit[],
  parts: ResidualParts,
  mostOf: (regions: readonly Interval[], wanted: Interval) => number,
): Generator<PlannedBatch> {
  const insertedOf = ({ edit }: PlacedEdit): number => edit.inserted.length
  const sorted = edits.toSorted(
    (a, b) => a.wanted.start - b.wanted.start || a.wanted.end - b.wanted.end || insertedOf(a) - insertedOf(b),
  )
  const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values)
  const isAlike = (some: readonly PlacedEdit[]): boolean =>
    spread(some.map(({ wanted }) => wanted.start)) <= mostDifference &&
    spread(some.map(({ wanted }) => wanted.end)) <= mostDifference &&
    spread(some.map(insertedOf)) <= mostDifference
  const shaped = (some: readonly PlacedEdit[]): PlannedBatch => {
    const wanted = {
      start: Math.min(...some.map((one) => one.wanted.start)),
      end: Math.max(...some.map((one) => one.wanted.end)),
    }
    const regions = regionsOf(parts, Math.max(...some.map(insertedOf)), wanted)!
    return { edits: some, regions, wanted }
  }
  let batch: PlacedEdit[] = []
  for (const edit of sorted) {
    const { regions, wanted } = shaped([...batch, edit])
    if (batch.length > 0 && (!isAlike([...batch, edit]) || batch.length + 1 > mostOf(regions, wanted))) {
      yield shaped(batch)
      batch = []
    }
    batch.push(edit)
  }
  if (batch.length > 0) yield shaped(batch)
}

/** Codes of `length` positions from `start` on, 0 being the first base of the piece's core; unknown where it has no bases. */
export function codesOf({ bases, leftContext }: Piece, start: number, length: number): Float32Array {
  const codes = new Float32Array(length).fill(spliceUnknownCode)
  const first = leftContext + start
  const from = Math.max(0, first)
  const to = Math.min(bases.length, first + length)
  if (from < to) encode(bases.subarray(from, to), spliceCodes, codes.subarray(from - first))
  return codes
}

/** Codes of the edited sequence at `start` to `end`, 0 being where the edit begins. */
function editedCodes(piece: Piece, { start, removedCount, inserted }: Edit, region: Interval): Float32Array {
  const codes = new Float32Array(region.end - region.start)
  for (let t = region.start; t < region.end; t++) {
    const at = piece.leftContext + start + t
    const letter =
      t < 0 ? piece.bases[at] : t < inserted.length ? inserted[t] : piece.bases[at - inserted.length + removedCount]
    codes[t - region.start] = letter === undefined ? spliceUnknownCode : spliceCodes[letter]
  }
  return codes
}

/** A batch as the network takes it. `origin` gives where in a row of kept stretches a piece's core begins. */
export function editBatch(
  { edits, regions, wanted }: PlannedBatch,
  parts: ResidualParts,
  pieces: readonly EditedPiece[],
  origin: (piece: number) => number,
): EditBatch {
  const read = codesRegion(parts, regions[0])
  const width = read.end - read.start
  const codes = new Float32Array(edits.length * width)
  const before = new Float32Array(edits.length)
  const behind = new Float32Array(edits.length)
  for (const [k, { piece, edit }] of edits.entries()) {
    codes.set(editedCodes(pieces[piece].piece, edit, read), k * width)
    before[k] = origin(piece) + edit.start
    behind[k] = before[k] + edit.removedCount - edit.inserted.length
  }
  return { regions, wanted, codes, before, behind }
}

/** Bases before and behind the pieces' cores that the widest edits of the batches look at, beyond what they need. */
export function padsOf(batches: readonly PlannedBatch[]): Halo {
  const most = (of: (batch: PlannedBatch, edit: PlacedEdit) => number): number =>
    batches.reduce((sum, batch) => batch.edits.reduce((max, edit) => Math.max(max, of(batch, edit)), sum), 0)
  return {
    left: most((batch, { wanted }) => wanted.start - batch.wanted.start),
    right: most((batch, { wanted }) => batch.wanted.end - wanted.end),
  }
}
