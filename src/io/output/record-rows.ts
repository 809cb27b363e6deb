import { Dictionary, Int8, Int32, makeData, RecordBatch, type Schema, Struct, Utf8, Vector } from './arrow.ts'
import type { Data } from './arrow.ts'
import { NameTable } from './output-layout.ts'
import { textData } from './table.ts'

/** What every layout of rows says. */
export interface RowLayout {
  /** Names of all contigs that can occur, where they are known before the first row (not for a stream of FASTA). */
  readonly contigs?: readonly string[]
}

/** A kind of rows: its columns, and what gathers them. `B`: a batch of rows as it is computed; `L`: what its columns are. */
export interface RowKind<B, L extends RowLayout> {
  schema(layout: L): Schema
  open(schema: Schema, layout: L): RecordRows<B>
}

/** Gathers batches of any size into record batches whose borders depend on the rows alone. */
export interface RecordRows<B> {
  /** Contigs of rows that were written before, in order of first use. */
  know(contigs: readonly string[]): void
  /** Adds the rows of `batch`; yields each record batch that became full, whose memory is used again after the next one. */
  add(batch: B): Generator<RecordBatch>
  /** The rows gathered since the last record batch, if there are any. */
  flush(): RecordBatch | undefined
  /** The names that indices of a dictionary column stand for; the same object as long as no name was added. */
  dictionary(column: DictionaryColumn): Vector<Utf8>
}

export const dictionaryIds = { contig: 0, base: 1, region: 2 } as const
export type DictionaryColumn = keyof typeof dictionaryIds
export const dictionaryType = (column: DictionaryColumn) =>
  new Dictionary(new Utf8(), column === 'base' ? new Int8() : new Int32(), dictionaryIds[column], false)

export const dictionaryColumns = ({ fields }: Schema): DictionaryColumn[] =>
  fields.filter(({ type }) => type instanceof Dictionary).map(({ name }) => name as DictionaryColumn)

/** The names of the dictionary columns of a file, as they come up. */
export class Dictionaries {
  readonly contigs: NameTable
  readonly regions: NameTable
  readonly #alphabet: readonly string[]
  readonly #vectors = new Map<DictionaryColumn, Vector<Utf8>>()

  constructor({ contigs, regions }: RowLayout & { readonly regions?: readonly string[] }, alphabet: string) {
    this.contigs = new NameTable(contigs)
    this.regions = new NameTable(regions)
    this.#alphabet = [...alphabet]
  }

  vector(column: DictionaryColumn): Vector<Utf8> {
    const names = { base: this.#alphabet, contig: this.contigs.names, region: this.regions.names }[column]
    let vector = this.#vectors.get(column)
    if (!vector || vector.length !== names.length) {
      vector = new Vector([textData(names)])
      this.#vectors.set(column, vector)
    }
    return vector
  }

  /** A column of indices into `column`'s names. */
  indices(column: DictionaryColumn, data: Int8Array | Int32Array): Data {
    const { length } = data
    return makeData({ type: dictionaryType(column), length, nullCount: 0, data, dictionary: this.vector(column) })
  }
}

export const recordBatchOf = (schema: Schema, length: number, children: Data[]): RecordBatch =>
  new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }))
