import { Field, Float32, makeData, Schema, Uint32 } from './arrow.ts'
import type { Data, RecordBatch, Utf8, Vector } from './arrow.ts'
import type { PredictionBatch } from '../../genome.ts'
import { pairTable, translateInto } from '../fasta/alphabet.ts'
import type { OutputLayout } from './output-layout.ts'
import {
  Dictionaries,
  type DictionaryColumn,
  dictionaryType,
  recordBatchOf,
  type RecordRows,
  type RowKind,
} from './record-rows.ts'

/** Rows of one record batch: about 2 MB, the same whatever --chunk is, so that a file's bytes do not depend on it. */
export const rowsPerRecordBatch = 131_072

/** What the base column can say: the four bases, N, and the other IUPAC codes. */
export const alphabet = 'ACGTNRYSWKMBDHV'
const codeOfLetter = new Uint8Array(256).fill(alphabet.indexOf('N'))
for (let i = 0; i < alphabet.length; i++) codeOfLetter[alphabet.charCodeAt(i)] = i
const codesOfPair = pairTable(codeOfLetter)

/** Columns that say which base a row is of. */
export const baseFields = ({ regions }: Pick<OutputLayout, 'regions'>): Field[] => [
  new Field('contig', dictionaryType('contig'), false),
  new Field('position', new Uint32(), false),
  new Field('base', dictionaryType('base'), false),
  ...(regions ? [new Field('region', dictionaryType('region'), false)] : []),
]

/** Predictions: contig, position, base, (region,) and one nullable float32 a track. */
export const predictionRows: RowKind<PredictionBatch, OutputLayout> = {
  schema: arrowSchema,
  open: (schema, layout) => new ArrowRows(schema, layout),
}

function arrowSchema(layout: OutputLayout): Schema {
  return new Schema(
    [...baseFields(layout), ...layout.tracks.map((name) => new Field(name, new Float32(), true))],
    new Map(layout.metadata?.() ?? []),
  )
}

/**
 * Gathers predictions into record batches of `rowsPerRecordBatch` rows, whole columns at a time, across the borders of
 * regions and contigs (ten thousand short records would otherwise be ten thousand record batches).
 */
class ArrowRows implements RecordRows<PredictionBatch> {
  readonly #schema: Schema
  readonly #layout: OutputLayout
  readonly #names: Dictionaries
  #rows = 0
  /** Filled in turn: one is written while the other fills. */
  #columns: [filling: Columns, writing: Columns]

  constructor(schema: Schema, layout: OutputLayout) {
    this.#schema = schema
    this.#layout = layout
    this.#names = new Dictionaries(layout, alphabet)
    this.#columns = [new Columns(layout), new Columns(layout)]
  }

  know(contigs: readonly string[]): void {
    for (const name of contigs) this.#names.contigs.indexOf(name)
  }

  /**
   * Adds the rows of `batch`; yields each record batch that became full. Its memory is used again for the record batch
   * after the next (fresh memory for each would keep the garbage collector busier than all else together).
   */
  *add(batch: PredictionBatch): Generator<RecordBatch> {
    const length = batch.bases.length
    const contig = this.#names.contigs.indexOf(batch.region.contig)
    const region = this.#layout.regions ? this.#names.regions.indexOf(this.#layout.regions[batch.regionIndex]) : 0
    for (let taken = 0; taken < length; ) {
      const count = Math.min(length - taken, rowsPerRecordBatch - this.#rows)
      this.#columns[0].append(this.#rows, batch, taken, count, contig, region)
      this.#rows += count
      taken += count
      if (this.#rows === rowsPerRecordBatch) yield this.flush()!
    }
  }

  flush(): RecordBatch | undefined {
    if (this.#rows === 0) return undefined
    const batch = recordBatchOf(this.#schema, this.#rows, this.#columns[0].take(this.#rows, this.#names))
    this.#rows = 0
    this.#columns = [this.#columns[1], this.#columns[0]]
    return batch
  }

  dictionary(column: DictionaryColumn): Vector<Utf8> {
    return this.#names.vector(column)
  }
}

/** Which bases rows are of. */
export interface BaseRows {
  /** Of the first. */
  readonly position: number
  readonly bases: Uint8Array
  /** Indices into the names. */
  readonly contig: number
  readonly region: number
}

/** The columns of one record batch that say which base a row is of. */
export class BaseColumns {
  readonly #contig: Int32Array
  readonly #position: Uint32Array
  readonly #base: Uint8Array
  readonly #region: Int32Array | undefined

  constructor({ regions }: Pick<OutputLayout, 'regions'>, rowCount: number) {
    this.#contig = new Int32Array(rowCount)
    this.#position = new Uint32Array(rowCount)
    this.#base = new Uint8Array(rowCount)
    this.#region = regions && new Int32Array(rowCount)
  }

  /** Rows `[from, from + count)` of `rows`, to stand at `row`. */
  append(row: number, rows: BaseRows, from: number, count: number): void {
    fillAscending(this.#position, row, rows.position + from, count)
    translateInto(this.#base, row, rows.bases, from, count, codeOfLetter, codesOfPair)
    this.#contig.fill(rows.contig, row, row + count)
    this.#region?.fill(rows.region, row, row + count)
  }

  take(rows: number, names: Dictionaries): Data[] {
    return [
      names.indices('contig', this.#contig.subarray(0, rows)),
      makeData({ type: new Uint32(), length: rows, nullCount: 0, data: this.#position.subarray(0, rows) }),
      names.indices('base', new Int8Array(this.#base.buffer, 0, rows)),
      ...(this.#region ? [names.indices('region', this.#region.subarray(0, rows))] : []),
    ]
  }
}

/** The columns of one record batch. */
class Columns {
  readonly #bases: BaseColumns
  readonly #tracks: readonly { readonly name: string; readonly values: Float32Array }[]

  constructor(layout: OutputLayout) {
    this.#bases = new BaseColumns(layout, rowsPerRecordBatch)
    this.#tracks = layout.tracks.map((name) => ({ name, values: new Float32Array(rowsPerRecordBatch) }))
  }

  append(row: number, batch: PredictionBatch, from: number, count: number, contig: number, region: number): void {
    const { bases, region: place } = batch
    this.#bases.append(row, { position: place.start, bases, contig, region }, from, count)
    for (const track of this.#tracks) track.values.set(batch.tracks[track.name].subarray(from, from + count), row)
  }

  take(rows: number, names: Dictionaries): Data[] {
    return [...this.#bases.take(rows, names), ...this.#tracks.map(({ values }) => floatData(values.subarray(0, rows)))]
  }
}

function fillAscending(out: Uint32Array, row: number, first: number, count: number): void {
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const value = first + i
    const at = row + i
    out[at] = value
    out[at + 1] = value + 1
    out[at + 2] = value + 2
    out[at + 3] = value + 3
  }
  for (; i < count; i++) out[row + i] = first + i
}

/** A float32 column that is null where the value is NaN. */
function floatData(values: Float32Array): Data<Float32> {
  const length = values.length
  if (!mayHaveNaN(values)) return makeData({ type: new Float32(), length, nullCount: 0, data: values })
  const nullBitmap = new Uint8Array(Math.ceil(length / 64) * 8)
  let nullCount = 0
  for (let i = 0; i < length; i++) {
    const value = values[i]
    if (Number.isNaN(value)) nullCount++
    else nullBitmap[i >> 3] |= 1 << (i & 7)
  }
  return makeData({ type: new Float32(), length, nullCount, nullBitmap, data: values })
}

/** False only where no value is NaN: a sum with a NaN in it is NaN (so is one of both infinities, which is let through). */
function mayHaveNaN(values: Float32Array): boolean {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i + 4 <= values.length; i += 4) {
    a += values[i]
    b += values[i + 1]
    c += values[i + 2]
    d += values[i + 3]
  }
  for (; i < values.length; i++) a += values[i]
  return Number.isNaN(a + b + c + d)
}
