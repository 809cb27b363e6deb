import { DeviceError } from '../../src/errors.ts'
import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import type { Model, Piece } from '../../src/model/model.ts'
import { type MergedPiece, type PackOptions, planPacks } from './pack-plan.ts'
import { cutTracks, gather, type StrandValues } from './strand-values.ts'
import { asRead, runsOf, type StrandedStretch } from './stretch.ts'

type Computed = readonly Readonly<Record<string, Float32Array>>[]

/** A pack whose values are on their way; undefined where the device failed of it. */
export interface QueuedPack {
  readonly pieces: readonly MergedPiece[]
  readonly letters: readonly Uint8Array[]
  readonly computed: Promise<Computed | undefined>
}

/**
 * Short stretches, near each other in the request, that are computed in a few packs and come out in order. Each base is
 * read once for all of them and, with full context, computed once a strand. Held are their values, from the time that
 * they are computed until those before them are.
 */
export class RegionGroup {
  /** To be queued in order; those that only have stretches whose values are not wanted are left out. */
  readonly packs: readonly (readonly MergedPiece[])[]
  readonly #stretches: readonly StrandedStretch[]
  readonly #values: { start: number; bases: Uint8Array; tracks: Record<string, Float32Array> }[]
  /** Of each stretch: strands that are not there yet. */
  readonly #missing: number[]
  readonly #failed = new Set<number>()
  #next = 0

  constructor(stretches: readonly StrandedStretch[], options: PackOptions, isWanted: (i: number) => boolean) {
    this.#stretches = stretches
    this.#values = stretches.map(({ start }) => ({ start, bases: new Uint8Array(0), tracks: {} }))
    this.#missing = stretches.map(({ direction }, i) => (isWanted(i) ? runsOf(direction).length : 0))
    this.packs = planPacks(stretches, options).filter((pack) => pack.some((piece) => piece.stretches.some(isWanted)))
  }

  /** Takes the values of a pack; without them its stretches count as failed. */
  async accept({ pieces, letters, computed }: QueuedPack): Promise<void> {
    const values = await computed
    for (const [k, piece] of pieces.entries()) {
      for (const i of piece.stretches) {
        this.#missing[i]--
        if (values) this.#take(i, piece, letters[k], values[k])
        else this.#failed.add(i)
      }
    }
  }

  /** Stretches that are complete, in order; without values those that the device failed of. What was given is forgotten. */
  *ready(): Generator<{ readonly index: number; readonly values: StrandValues | undefined }> {
    for (; this.#next < this.#stretches.length && this.#missing[this.#next] <= 0; this.#next++) {
      const index = this.#next
      const values = this.#values[index]
      this.#values[index] = { start: 0, bases: new Uint8Array(0), tracks: {} }
      yield { index, values: this.#failed.has(index) ? undefined : values }
    }
  }

  #take(i: number, piece: MergedPiece, letters: Uint8Array, computed: Readonly<Record<string, Float32Array>>): void {
    const { strand, start, end, before } = piece
    const stretch = this.#stretches[i]
    const values = this.#values[i]
    const { suffix } = runsOf(stretch.direction).find((run) => run.strand === strand)!
    const from = strand === '+' ? stretch.start - start : end - stretch.end
    const part = cutTracks(computed, from, from + stretch.end - stretch.start, suffix)
    // A batch's values are its reader's own: copies where stretches share them.
    const isOwn = piece.stretches.length === 1
    for (const [name, track] of Object.entries(part)) {
      const own = isOwn ? track : track.slice()
      values.tracks[name] = strand === '+' ? own : own.reverse()
    }
    const first = stretch.start - (start - before)
    values.bases = letters.subarray(first, first + stretch.end - stretch.start)
  }
}

/** Reads and queues a pack; the device works while the caller readies the next. */
export async function queuePack(
  model: Model,
  pieces: readonly MergedPiece[],
  options: { readonly tracks: readonly string[]; readonly memoryBytes: number; readonly signal?: AbortSignal },
): Promise<QueuedPack> {
  const reads = new Map<string, Promise<Uint8Array>>() // both strands of a place are one read
  const read = ({ contig, start, end, before, after }: MergedPiece): Promise<Uint8Array> => {
    const key = `${start - before}-${end + after} ${contig.name}`
    const found = reads.get(key) ?? gather(contig.bases(start - before, end + after), end - start + before + after)
    reads.set(key, found)
    return found
  }
  const letters = await Promise.all(pieces.map(read))
  options.signal?.throwIfAborted()
  const oriented = pieces.map(
    (piece, k): Piece => ({
      bases: piece.strand === '+' ? letters[k] : reverseComplement(letters[k]),
      ...asRead(piece, piece.strand),
    }),
  )
  const computed = model.runPieces(oriented, options).catch((error: unknown): undefined => {
    if (!(error instanceof DeviceError)) throw error // what a pack fails of, its stretches, one by one, may not
  })
  computed.catch(() => {}) // reported when it is awaited
  return { pieces, letters, computed }
}
