import type { PredictionBatch } from '../../genome.ts'
import type { DoneOutput } from './done-output.ts'

/** What the columns of an output are, apart from the rows themselves. */
export interface OutputLayout {
  /** Names of the tracks, in column order. */
  readonly tracks: readonly string[]
  /** Names of all contigs that can occur, where they are known before the first row (not for a stream of FASTA). */
  readonly contigs?: readonly string[]
  /** Lengths of contigs by name, where they are known; asked for after the last row. */
  readonly contigLengths?: () => ReadonlyMap<string, number>
  /** Given: a `region` column is written; `regions[batch.regionIndex]` is what it says. */
  readonly regions?: readonly string[]
  /**
   * Schema metadata. Asked for when the schema is written and, in a file, once more after the last row, when everything
   * about a streamed input is known.
   */
  readonly metadata?: () => ReadonlyMap<string, string>
  /** Where what must wait for its turn in the output is kept, once it is too much for memory. */
  readonly temporaryFolder?: string
}

/**
 * Turns predictions into the bytes of a format; each item is written, and waited for, before the next is made. With `done`,
 * `batches` begin after its rows and what is given belongs after its bytes; ConfigError where those begin otherwise.
 */
export type Encoder = (
  batches: AsyncIterable<PredictionBatch>,
  layout: OutputLayout,
  done?: DoneOutput,
) => AsyncGenerator<Uint8Array[]>

/** Names in order of first use, as indices; starts with the names known beforehand. */
export class NameTable {
  readonly names: string[] = []
  readonly #indices = new Map<string, number>()
  constructor(known: readonly string[] = []) {
    for (const name of known) this.indexOf(name)
  }
  indexOf(name: string): number {
    let index = this.#indices.get(name)
    if (index === undefined) {
      index = this.names.length
      this.#indices.set(name, index)
      this.names.push(name)
    }
    return index
  }
}
