import type { Contig, EmbeddingBatch, PredictionBatch, Region } from '../../src/genome.ts'
import { StrongestSites } from './strongest-sites.ts'

/** What passes by on its way to the writer: bases, contigs of a stream, the strongest splice sites. */
export class Tally {
  bases = 0
  readonly sites: StrongestSites
  /** Contigs of rows that an earlier run wrote, in order. */
  readonly skippedContigs = new Set<string>()
  readonly #lengths = new Map<string, number>()

  constructor(tracks: readonly string[]) {
    this.sites = new StrongestSites(tracks.filter((name) => /^(acceptor|donor)/.test(name)))
  }

  get contigs(): readonly Contig[] {
    return [...this.#lengths].map(([name, length]) => ({ name, length }))
  }

  /** Rows that an earlier run wrote. */
  skip({ contig, end }: Region): void {
    this.skippedContigs.add(contig)
    this.#note(contig, end)
  }

  async *watch<B extends PredictionBatch | EmbeddingBatch>(batches: AsyncIterable<B>): AsyncGenerator<B> {
    for await (const batch of batches) {
      const { contig, start, end } = batch.region
      this.bases += end - start
      this.#note(contig, end)
      if ('tracks' in batch) this.sites.add(batch)
      yield batch
    }
  }

  #note(contig: string, end: number): void {
    this.#lengths.set(contig, Math.max(end, this.#lengths.get(contig) ?? 0))
  }
}
