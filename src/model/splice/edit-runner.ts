import type { Backend } from '../../kernels/backend.ts'
import type { EditedPiece, EditedValues, EditRunner } from '../edit.ts'
import { mostDifference, batchesOf, codesOf, editBatch, padsOf, placeEdits, type PlacedEdit } from './edit-plan.ts'
import { editBytes, queueEdits } from './edited-pieces.ts'
import { keptBytes, queueReference } from './kept-reference.ts'
import type { Interval } from './reach.ts'
import type { Readout } from './readout.ts'
import { regionsOf, type ResidualParts } from './residual-parts.ts'

/** Parts of the memory that is left beside the weights: for kept references, and for the edits that are computed at a time. */
const keptShare = 0.6
const editShare = 0.3
/** More at a time gains nothing: bases of kept stretches, halos counted, and edits of a batch. */
const mostKeptBases = 65_536
const mostEdits = 32
/** Stretches whose lengths differ by less than this part are kept side by side. */
const likeLengths = 1 / 16

type Values = Record<string, Float32Array>
/** `weightBytes`: of all members, with the forms that their weights take for windows with a core of that length. */
export function createEditRunner(
  members: readonly ResidualParts[],
  weightBytes: (coreLength: number) => number,
  readout: Readout,
  backend: Backend,
): EditRunner {
  const { halo, channelCount } = members[0]
  const haloBases = halo.left + halo.right
  /** Beside the weights, whose forms for pieces are others than those for whole windows. */
  const room = (memoryBytes: number): number => memoryBytes - 2 * weightBytes(mostKeptBases)
  const inOneTensor = Math.floor(backend.limits.maxTensorBytes / (4 * channelCount))
  const mostKept = (memoryBytes: number): number =>
    Math.min(Math.floor((keptShare * room(memoryBytes)) / keptBytes(members[0], 1)), mostKeptBases, inOneTensor)
  const mostEditsOf = (memoryBytes: number) => (regions: readonly Interval[], wanted: Interval) => {
    const bytes = editBytes(members[0], regions, wanted)
    return Math.min(
      mostEdits,
      Math.floor(Math.min(editShare * room(memoryBytes), 2 * inOneTensor * 4 * channelCount) / bytes),
    )
  }

  const mostBases = (memoryBytes: number): number => mostKept(memoryBytes) - haloBases - 2 * mostDifference

  function fits({ piece, edits }: EditedPiece, memoryBytes: number): boolean {
    if (piece.length > mostBases(memoryBytes)) return false
    const most = mostEditsOf(memoryBytes)
    return edits.every(({ inserted, start, wanted }) => {
      const from = wanted.start - start - mostDifference
      const all = { start: from, end: from + wanted.length + 2 * mostDifference }
      const regions = regionsOf(members[0], inserted.length, all)
      return regions === undefined || most(regions, all) >= 1
    })
  }

  /** Groups of places of pieces of like length that are kept at the same time. */
  function* groupsOf(pieces: readonly EditedPiece[], memoryBytes: number): Generator<number[]> {
    const lengthOf = (i: number): number => pieces[i].piece.length + haloBases + 2 * mostDifference
    const order = pieces.map((_, i) => i).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b)
    const most = mostKept(memoryBytes)
    let group: number[] = []
    for (const i of order) {
      const longest = lengthOf(group[0] ?? i)
      if (group.length > 0 && ((group.length + 1) * longest > most || lengthOf(i) < longest * (1 - likeLengths))) {
        yield group
        group = []
      }
      group.push(i)
    }
    if (group.length > 0) yield group
  }

  /** Queues everything before it returns. */
  function runGroup(
    pieces: readonly EditedPiece[],
    tracks: readonly string[],
    memoryBytes: number,
  ): Promise<EditedValues[]> {
    const { changing, idle } = placeEdits(pieces, members[0])
    const batches = [...batchesOf(changing, members[0], mostEditsOf(memoryBytes))]
    const pads = padsOf(batches)
    const coreLength = pads.left + Math.max(...pieces.map(({ piece }) => piece.length)) + pads.right
    const stride = halo.left + coreLength + halo.right
    const rows = new Float32Array(pieces.length * stride)
    for (const [i, { piece }] of pieces.entries()) rows.set(codesOf(piece, -halo.left - pads.left, stride), i * stride)
    const codes = backend.tensor(1, rows.length)
    backend.write(codes, rows)
    const ready = batches.map((batch) => editBatch(batch, members[0], pieces, (i) => i * stride + pads.left))
    const pending = members.map((member) => {
      const kept = queueReference(member, codes, coreLength, backend)
      const reference = backend.read(kept.logits)
      const edits = ready.map((batch) => {
        const logits = queueEdits(member, kept, batch, backend)
        const values = backend.read(logits)
        backend.release(logits)
        return values
      })
      kept.release()
      return Promise.all([reference, ...edits])
    })
    backend.release(codes)
    return Promise.all(pending).then((logits) => {
      const all = readout.values(
        logits.map(([reference]) => reference),
        tracks,
      )
      const cut = (values: Values, start: number, length: number): Values =>
        Object.fromEntries(tracks.map((name) => [name, values[name].slice(start, start + length)]))
      const origin = (i: number): number => i * coreLength + pads.left
      const found = pieces.map(({ piece, edits }, i) => ({
        tracks: cut(all, origin(i), piece.length),
        edits: Array<Values>(edits.length),
      }))
      for (const [b, { edits, wanted }] of batches.entries()) {
        const values = readout.values(
          logits.map((ofMember) => ofMember[1 + b]),
          tracks,
        )
        const width = wanted.end - wanted.start
        for (const [k, edit] of edits.entries())
          found[edit.piece].edits[edit.index] = cut(
            values,
            k * width + edit.wanted.start - wanted.start,
            edit.edit.wanted.length,
          )
      }
      for (const edit of idle) found[edit.piece].edits[edit.index] = unchanged(all, edit, origin(edit.piece), tracks)
      return found
    })
  }

  return {
    mostBases,
    fits,
    async run(pieces, { tracks, memoryBytes, signal }) {
      const found = Array<EditedValues>(pieces.length)
      let previous: Promise<void> | undefined
      for (const group of groupsOf(pieces, memoryBytes)) {
        signal?.throwIfAborted()
        // The next group is queued before the last one's values are awaited.
        const current = runGroup(
          group.map((i) => pieces[i]),
          tracks,
          memoryBytes,
        ).then((values) => {
          for (const [k, i] of group.entries()) found[i] = values[k]
        })
        current.catch(() => {}) // reported when it is awaited
        await previous
        previous = current
      }
      await previous
      return found
    },
  }
}

/** What an edit that changes nothing wants of the piece's own values. */
function unchanged(all: Values, { edit }: PlacedEdit, origin: number, tracks: readonly string[]): Values {
  const { start, removedCount, inserted, wanted } = edit
  return Object.fromEntries(
    tracks.map((name) => [
      name,
      Float32Array.from({ length: wanted.length }, (_, k) => {
        const t = wanted.start + k
        return all[name][origin + (t < start ? t : t - inserted.length + removedCount)]
      }),
    ]),
  )
}
