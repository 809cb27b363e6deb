import type { Genome } from '../../src/genome.ts'
import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { Edit } from '../../src/model/edit.ts'
import type { Piece } from '../../src/model/model.ts'

const N = 78

/** An allele to be scored in a gene. */
export interface Task {
  readonly gene: Transcript
  /** What the model sees of the sequence: elsewhere stands N. The gene itself, or its strand of the contig. */
  readonly seen: Transcript
  /** Positions of the reference that are compared: `start` (inclusive) to `end` (exclusive). */
  readonly start: number
  readonly end: number
  /** 0-based. */
  readonly position: number
  readonly refLength: number
  readonly alt: Uint8Array
}

/** Bases that the model sees before and after a position, along the strand it reads. */
export interface Halo {
  readonly left: number
  readonly right: number
}

/** Tasks that lie near each other share the reference's values from `start` to `end`. */
export interface SharedReference {
  readonly contig: string
  readonly strand: '+' | '-'
  /** What the model sees outside is N. */
  readonly inside: { readonly start: number; readonly end: number }
  readonly start: number
  readonly end: number
  readonly tasks: readonly Task[]
}

/**
 * Groups tasks whose windows overlap, or lie so near each other that one stretch costs less than two with their halos.
 * Genes share a stretch where none of them ends within what the model sees around its tasks. Each stretch has at most
 * `mostBases`, unless a window alone has more.
 */
export function shareReferences(
  tasks: readonly Task[],
  { halo, mostBases }: { readonly halo: Halo; readonly mostBases: number },
): SharedReference[] {
  const alike = new Map<string, { inside: SharedReference['inside']; tasks: Task[] }>()
  for (const task of tasks) {
    const { contig, strand } = task.seen
    const inside = insideOf(task, halo)
    const key = `${strand} ${inside.start} ${inside.end} ${contig}`
    const found = alike.get(key)
    if (found) found.tasks.push(task)
    else alike.set(key, { inside, tasks: [task] })
  }
  const shared: (SharedReference & { end: number; tasks: Task[] })[] = []
  for (const { inside, tasks: near } of alike.values()) {
    const { contig, strand } = near[0].seen
    let last: (typeof shared)[number] | undefined
    for (const task of near.toSorted((a, b) => a.start - b.start)) {
      const { start, end } = task
      if (last && start - last.end <= (halo.left + halo.right) / 2 && end - last.start <= mostBases) {
        last.end = Math.max(last.end, end)
        last.tasks.push(task)
      } else {
        last = { contig, strand, inside, start, end, tasks: [task] }
        shared.push(last)
      }
    }
  }
  return shared
}

/** The gene's ends as far as the model sees them around a task. */
function insideOf({ seen, start, end }: Task, { left, right }: Halo): SharedReference['inside'] {
  const [before, after] = seen.strand === '+' ? [left, right] : [right, left]
  return {
    start: seen.start > start - before ? seen.start : Number.NEGATIVE_INFINITY,
    end: seen.end < end + after ? seen.end : Number.POSITIVE_INFINITY,
  }
}

/** A stretch as the model reads it: along its strand, N outside the gene. */
export async function referencePiece(
  genome: Genome,
  { contig, strand, inside, start, end }: SharedReference,
  { left, right }: Halo,
  signal?: AbortSignal,
): Promise<Piece> {
  const [before, after] = strand === '+' ? [left, right] : [right, left]
  const first = start - before
  const letters = await genome.read({ contig, start: first, end: end + after }, signal)
  letters.fill(N, 0, Math.max(0, Math.min(letters.length, inside.start - first)))
  letters.fill(N, Math.max(0, Math.min(letters.length, inside.end - first)))
  return {
    bases: strand === '+' ? letters : reverseComplement(letters),
    leftContext: left,
    length: end - start,
    rightContext: right,
  }
}

/** A task as an edit of its stretch; wanted is what stands from the task's start to its end, as long as ALT makes it. */
export function editOf(stretch: SharedReference, { position, refLength, alt, start, end }: Task): Edit {
  const length = end - start + alt.length - refLength
  if (stretch.strand === '+') {
    const wanted = { start: start - stretch.start, length }
    return { start: position - stretch.start, removedCount: refLength, inserted: alt, wanted }
  }
  return {
    start: stretch.end - position - refLength,
    removedCount: refLength,
    inserted: reverseComplement(alt),
    wanted: { start: stretch.end - end, length },
  }
}
