import {
  Dictionary,
  Field,
  Float32,
  Int8,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint32,
  Utf8,
  Vector,
} from './arrow.ts'
import type { Data } from './arrow.ts'
import type { PredictionBatch } from '../../genome.ts'
import { pairTable, translateInto } from '../fasta/alphabet.ts'
import { NameTable, type OutputLayout } from './output-layout.ts'
import { textData } from './table.ts'

/** Rows of one record batch: about 2 MB, the same whatever --chunk is, so that a file's bytes do not depend on it. */
export const rowsPerRecordBatch = 131_072

/** What the base column can say: the four bases, N, and the other IUPAC codes. */
const alphabet = 'ACGTNRYSWKMBDHV'
const codeOfLetter = new Uint8Array(256).fill(alphabet.indexOf('N'))
for (let i = 0; i < alphabet.length; i++) codeOfLetter[alphabet.charCodeAt(i)] = i
const codesOfPair = pairTable(codeOfLetter)

export const dictionaryIds = { contig: 0, base: 1, region: 2 } as const
export type DictionaryColumn = keyof typeof dictionaryIds
const dictionaryType = (column: DictionaryColumn) =>
  new Dictionary(new Utf8(), column === 'base' ? new Int8() : new Int32(), dictionaryIds[column], false)

/** The schema: contig, position, base, (region,) and one nullable float32 a track. */
export function arrowSchema(layout: OutputLayout): Schema {
  return new Schema(
    [
      new Field('contig', dictionaryType('contig'), false),
      new Field('position', new Uint32(), false),
      new Field('base', dictionaryType('base'), false),
      ...(layout.regions ? [new Field('region', dictionaryType('region'), false)] : []),
      ...layout.tracks.map((name) => new Field(name, new Float32(), true)),
    ],
    new Map(layout.metadata?.() ?? []),
  )
}

/**
 * Gathers predictions into record batches of `rowsPerRecordBatch` rows, whole columns at a time, across the borders of
 * regions and contigs (ten thousand short records would otherwise be ten thousand record batches).
 */
export class ArrowRows {
  private readonly schema: Schema
  private readonly layout: OutputLayout
  private readonly contigs: NameTable
  private readonly regions: NameTable
  private dictionaries = new Map<DictionaryColumn, Vector<Utf8>>()
  private rows = 0
  /** Filled in turn: one is written while the other fills. */
  private columns: [filling: Columns, writing: Columns]

  constructor(schema: Schema, layout: OutputLayout) {
    this.schema = schema
    this.layout = layout
    this.contigs = new NameTable(layout.contigs)
    this.regions = new NameTable(layout.regions)
    this.columns = [new Columns(layout), new Columns(layout)]
  }

  /** Contigs of rows that were written before, in order of first use. */
  know(contigs: readonly string[]): void {
    for (const name of contigs) this.contigs.indexOf(name)
  }

  /**
   * Adds the rows of `batch`; yields each record batch that became full. Its memory is used again for the record batch
   * after the next (fresh memory for each would keep the garbage collector busier than all else together).
   */
  *add(batch: PredictionBatch): Generator<RecordBatch> {
    const length = batch.bases.length
    const contig = this.contigs.indexOf(batch.region.contig)
    const region = this.layout.regions ? this.regions.indexOf(this.layout.regions[batch.regionIndex]) : 0
    for (let taken = 0; taken < length; ) {
      const count = Math.min(length - taken, rowsPerRecordBatch - this.rows)
      this.columns[0].append(this.rows, batch, taken, count, contig, region)
      this.rows += count
      taken += count
      if (this.rows === rowsPerRecordBatch) yield this.flush()!
    }
  }

  /** The rows gathered since the last record batch, if there are any. */
  flush(): RecordBatch | undefined {
    if (this.rows === 0) return undefined
    const children = this.columns[0].take(this.rows, (column) => this.dictionary(column))
    const data = makeData({ type: new Struct(this.schema.fields), length: this.rows, nullCount: 0, children })
    this.rows = 0
    this.columns = [this.columns[1], this.columns[0]]
    return new RecordBatch(this.schema, data)
  }

  /** The names that indices of `column` stand for; the same object as long as no name was added. */
  dictionary(column: DictionaryColumn): Vector<Utf8> {
    const names = column === 'base' ? [...alphabet] : column === 'contig' ? this.contigs.names : this.regions.names
    let vector = this.dictionaries.get(column)
    if (!vector || vector.length !== names.length) {
      vector = new Vector([textData(names)])
      this.dictionaries.set(column, vector)
    }
    return vector
  }
}

/** The columns of one record batch. */
class Columns {
  private readonly contig = new Int32Array(rowsPerRecordBatch)
  private readonly position = new Uint32Array(rowsPerRecordBatch)
  private readonly base = new Uint8Array(rowsPerRecordBatch)
  private readonly region: Int32Array | undefined
  private readonly tracks: readonly { readonly name: string; readonly values: Float32Array }[]

  constructor(layout: OutputLayout) {
    this.region = layout.regions && new Int32Array(rowsPerRecordBatch)
    this.tracks = layout.tracks.map((name) => ({ name, values: new Float32Array(rowsPerRecordBatch) }))
  }

  append(row: number, batch: PredictionBatch, from: number, count: number, contig: number, region: number): void {
    fillAscending(this.position, row, batch.region.start + from, count)
    translateInto(this.base, row, batch.bases, from, count, codeOfLetter, codesOfPair)
    this.contig.fill(contig, row, row + count)
    this.region?.fill(region, row, row + count)
    for (const track of this.tracks) track.values.set(batch.tracks[track.name].subarray(from, from + count), row)
  }

  take(rows: number, dictionary: (column: DictionaryColumn) => Vector<Utf8>): Data[] {
    const indices = (column: DictionaryColumn, data: Int8Array | Int32Array): Data =>
      makeData({
        type: dictionaryType(column),
        length: rows,
        nullCount: 0,
        data: data.subarray(0, rows),
        dictionary: dictionary(column),
      })
    return [
      indices('contig', this.contig),
      makeData({ type: new Uint32(), length: rows, nullCount: 0, data: this.position.subarray(0, rows) }),
      indices('base', new Int8Array(this.base.buffer)),
      ...(this.region ? [indices('region', this.region)] : []),
      ...this.tracks.map(({ values }) => floatData(values.subarray(0, rows))),
    ]
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
