import type { Genome } from '../../src/genome.ts'
import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { Piece } from '../../src/model/model.ts'

const N = 78
const decoder = new TextDecoder()

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

/** Tasks that see the same and lie near each other share the reference's values from `start` to `end`. */
export interface SharedReference {
  readonly gene: Transcript
  readonly start: number
  readonly end: number
  readonly tasks: readonly Task[]
}

/**
 * Groups tasks whose windows overlap, or lie so near each other that one stretch costs less than two with their halos.
 * Each stretch has at most `mostBases`, unless a window alone has more.
 */
export function shareReferences(
  tasks: readonly Task[],
  { halo, mostBases }: { readonly halo: Halo; readonly mostBases: number },
): SharedReference[] {
  const genes = new Map<Transcript, Task[]>()
  for (const task of tasks) {
    const found = genes.get(task.seen)
    if (found) found.push(task)
    else genes.set(task.seen, [task])
  }
  const shared: { gene: Transcript; start: number; end: number; tasks: Task[] }[] = []
  for (const [gene, ofGene] of genes) {
    let last: (typeof shared)[number] | undefined
    for (const task of ofGene.toSorted((a, b) => a.start - b.start)) {
      const { start, end } = task
      if (last && start - last.end <= (halo.left + halo.right) / 2 && end - last.start <= mostBases) {
        last.end = Math.max(last.end, end)
        last.tasks.push(task)
      } else {
        last = { gene, start, end, tasks: [task] }
        shared.push(last)
      }
    }
  }
  return shared
}

/** The letters around a stretch of a gene, N outside the gene, from which the pieces for the model are cut. */
export class GeneSequence {
  readonly #letters: Uint8Array
  readonly #first: number
  readonly #shared: SharedReference
  readonly #before: number
  readonly #after: number

  private constructor(letters: Uint8Array, first: number, shared: SharedReference, before: number, after: number) {
    this.#letters = letters
    this.#first = first
    this.#shared = shared
    this.#before = before
    this.#after = after
  }

  static async read(genome: Genome, shared: SharedReference, halo: Halo, signal?: AbortSignal): Promise<GeneSequence> {
    const { gene, start, end } = shared
    const [before, after] = gene.strand === '+' ? [halo.left, halo.right] : [halo.right, halo.left]
    const first = start - before
    const letters = await genome.read({ contig: gene.contig, start: first, end: end + after }, signal)
    letters.fill(N, 0, Math.max(0, gene.start - first))
    letters.fill(N, Math.max(0, gene.end - first))
    return new GeneSequence(letters, first, shared, before, after)
  }

  /** The reference's piece, and a text that only equal pieces have. */
  reference(): { piece: Piece; key: string } {
    const { start, end } = this.#shared
    return { piece: this.#piece(this.#letters, end - start), key: this.#key(start, end) }
  }

  /** The piece with ALT in the place of REF, from the task's start to its end. */
  alternate({ position, refLength, alt, start, end }: Task): { piece: Piece; key: string } {
    const at = (place: number): number => place - this.#first
    const head = this.#letters.subarray(at(start - this.#before), at(position))
    const tail = this.#letters.subarray(at(position + refLength), at(end + this.#after))
    const letters = new Uint8Array(head.length + alt.length + tail.length)
    letters.set(head)
    letters.set(alt, head.length)
    letters.set(tail, head.length + alt.length)
    const key = `${this.#key(start, end)} ${position} ${refLength} ${decoder.decode(alt)}`
    return { piece: this.#piece(letters, end - start + alt.length - refLength), key }
  }

  /** A stretch within two genes of a strand is the same for both, unless one of them ends in what the model sees. */
  #key(start: number, end: number): string {
    const { contig, strand, start: geneStart, end: geneEnd } = this.#shared.gene
    const [first, last] = [start - this.#before, end + this.#after]
    return `${strand} ${start} ${end} ${Math.max(geneStart, first)} ${Math.min(geneEnd, last)} ${contig}`
  }

  #piece(letters: Uint8Array, length: number): Piece {
    const [leftContext, rightContext] = [this.#before, this.#after]
    if (this.#shared.gene.strand === '+') return { bases: letters, leftContext, length, rightContext }
    return {
      bases: reverseComplement(letters),
      leftContext: rightContext,
      length,
      rightContext: leftContext,
    }
  }
}
