import type { Transcript } from './transcript.ts'

/** Bins of 16 kb, 128 kb, 1 Mb … : a gene lies in the smallest one that holds all of it. */
const smallestBin = 2 ** 14
const binFactor = 8
const levelCount = 8

/** Finds the genes at a position: a few bins are looked at, whatever the number of genes. */
export class GeneIndex {
  /** Contig -> `level:bin` as a number -> places in `genes`. */
  readonly #bins = new Map<string, Map<number, number[]>>()
  readonly #genes: readonly Transcript[]

  constructor(genes: readonly Transcript[]) {
    this.#genes = genes
    for (const [i, { contig, start, end }] of genes.entries()) {
      const bins = this.#bins.get(contig) ?? new Map<number, number[]>()
      this.#bins.set(contig, bins)
      const key = binOf(start, end)
      const bin = bins.get(key)
      if (bin) bin.push(i)
      else bins.set(key, [i])
    }
  }

  get contigs(): readonly string[] {
    return [...this.#bins.keys()]
  }

  /** Genes with start <= position < end, in the order in which they were given. */
  at(contig: string, position: number): readonly Transcript[] {
    const bins = this.#bins.get(contig)
    if (!bins) return []
    const found: number[] = []
    let size = smallestBin
    for (let level = 0; level < levelCount; level++, size *= binFactor) {
      for (const i of bins.get(keyOf(level, Math.floor(position / size))) ?? [])
        if (this.#genes[i].start <= position && position < this.#genes[i].end) found.push(i)
    }
    return found.sort((a, b) => a - b).map((i) => this.#genes[i])
  }
}

const keyOf = (level: number, bin: number): number => level + levelCount * bin

function binOf(start: number, end: number): number {
  let size = smallestBin
  for (let level = 0; level < levelCount - 1; level++, size *= binFactor)
    if (Math.floor(start / size) === Math.floor((end - 1) / size)) return keyOf(level, Math.floor(start / size))
  return keyOf(levelCount - 1, Math.floor(start / size))
}
