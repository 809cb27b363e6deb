import type { Piece } from './piece.ts'

/** Bases of a piece replaced by others. Positions count from the first of the piece's `length` bases, along the strand read. */
export interface Edit {
  /** Of the first base that is replaced; it may be negative. */
  readonly start: number
  readonly removedCount: number
  /** ASCII letters, as the model reads them. */
  readonly inserted: Uint8Array
  /** What is asked of the edited sequence, in its own positions, which are the piece's up to the edit. */
  readonly wanted: { readonly start: number; readonly length: number }
}

/** A piece and edits of it, each on its own. */
export interface EditedPiece {
  readonly piece: Piece
  readonly edits: readonly Edit[]
}

/** Values of the piece's `length` bases, and of what each edit wants. */
export interface EditedValues {
  readonly tracks: Readonly<Record<string, Float32Array>>
  readonly edits: readonly Readonly<Record<string, Float32Array>>[]
}

/** Runs edits of pieces against kept activations of the pieces: only what an edit reaches and what is asked of it. */
export interface EditRunner {
  /** Most bases that a piece can have within `memoryBytes`, halos not counted; below 1 where none can be kept. */
  mostBases(memoryBytes: number): number
  /** Whether a piece and its edits can be run within `memoryBytes`. */
  fits(edited: EditedPiece, memoryBytes: number): boolean
  /** Values of each piece and its edits, equal to those of the whole sequences within rounding. */
  run(
    pieces: readonly EditedPiece[],
    options: { readonly tracks: readonly string[]; readonly memoryBytes: number; readonly signal?: AbortSignal },
  ): Promise<EditedValues[]>
}

/** The whole edited sequence as a piece whose `length` bases are those that are wanted. */
export function editedPiece({ bases, leftContext }: Piece, { start, removedCount, inserted, wanted }: Edit): Piece {
  const first = leftContext + start
  const head = bases.subarray(0, first)
  const tail = bases.subarray(first + removedCount)
  const letters = new Uint8Array(first + inserted.length + tail.length)
  letters.set(head)
  letters.set(inserted, first)
  letters.set(tail, first + inserted.length)
  const left = leftContext + wanted.start
  return {
    bases: letters,
    leftContext: left,
    length: wanted.length,
    rightContext: letters.length - left - wanted.length,
  }
}

/** The same edit without the bases that it replaces by themselves at its start, then at its end. */
export function trimmedEdit({ bases, leftContext }: Piece, edit: Edit): Edit {
  const { start, removedCount, inserted } = edit
  const replaced = bases.subarray(leftContext + start, leftContext + start + removedCount)
  const most = Math.min(removedCount, inserted.length)
  let same = 0
  while (same < most && replaced[same] === inserted[same]) same++
  let sameAtEnd = 0
  while (sameAtEnd < most - same && replaced.at(-1 - sameAtEnd) === inserted.at(-1 - sameAtEnd)) sameAtEnd++
  return {
    ...edit,
    start: start + same,
    removedCount: removedCount - same - sameAtEnd,
    inserted: inserted.subarray(same, inserted.length - sameAtEnd),
  }
}
