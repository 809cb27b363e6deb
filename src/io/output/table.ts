import {
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float32,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint32,
  Utf8,
  Vector,
} from './arrow.ts'
import { NameTable } from './output-layout.ts'

/** A column of a table of rows. `name`: strings in a dictionary, for those that come again and again. */
export interface TableColumn {
  readonly name: string
  readonly type: 'name' | 'text' | 'uint32' | 'int32' | 'float32'
  readonly isNullable: boolean
}

export interface TableLayout {
  readonly columns: readonly TableColumn[]
  /** Schema metadata. Asked for when the schema is written. */
  readonly metadata?: () => ReadonlyMap<string, string>
}

/** A value a column; undefined is null. */
export type TableRow = readonly (string | number | undefined)[]

const encoder = new TextEncoder()

/** Ids of dictionaries are places of columns. */
const dictionaryType = (id: number): Dictionary => new Dictionary(new Utf8(), new Int32(), id, false)

function typeOf({ type }: TableColumn, id: number): DataType {
  if (type === 'name') return dictionaryType(id)
  if (type === 'text') return new Utf8()
  return type === 'uint32' ? new Uint32() : type === 'int32' ? new Int32() : new Float32()
}

export const tableSchema = ({ columns, metadata }: TableLayout): Schema =>
  new Schema(
    columns.map((column, id) => new Field(column.name, typeOf(column, id), column.isNullable)),
    new Map(metadata?.() ?? []),
  )

/** Gathers rows into record batches of `batchRows` rows. */
export class TableRows {
  readonly #schema: Schema
  readonly #layout: TableLayout
  readonly #batchRows: number
  /** By column; of those that are no names undefined. */
  readonly #names: readonly (NameTable | undefined)[]
  #values: (string | number | undefined)[][]

  constructor(schema: Schema, layout: TableLayout, batchRows: number) {
    this.#schema = schema
    this.#layout = layout
    this.#batchRows = batchRows
    this.#names = layout.columns.map(({ type }) => (type === 'name' ? new NameTable() : undefined))
    this.#values = layout.columns.map(() => [])
  }

  /** A row that was written before: only its names count. */
  know(row: TableRow): void {
    for (const [c, names] of this.#names.entries()) if (names && row[c] !== undefined) names.indexOf(String(row[c]))
  }

  /** Adds a row; gives the record batch that became full, if one did. */
  add(row: TableRow): RecordBatch | undefined {
    for (const [c, values] of this.#values.entries()) {
      const names = this.#names[c]
      values.push(names && row[c] !== undefined ? names.indexOf(String(row[c])) : row[c])
    }
    return this.#values[0].length === this.#batchRows ? this.flush() : undefined
  }

  /** The rows gathered since the last record batch, if there are any. */
  flush(): RecordBatch | undefined {
    const length = this.#values[0].length
    if (length === 0) return undefined
    const children = this.#layout.columns.map((column, c) => this.#data(column, c))
    this.#values = this.#layout.columns.map(() => [])
    return new RecordBatch(
      this.#schema,
      makeData({ type: new Struct(this.#schema.fields), length, nullCount: 0, children }),
    )
  }

  /** Dictionaries by their ids. */
  dictionaries(): Map<number, Vector<Utf8>> {
    const found = new Map<number, Vector<Utf8>>()
    for (const [c, names] of this.#names.entries()) if (names) found.set(c, new Vector([textData(names.names)]))
    return found
  }

  #data({ type }: TableColumn, c: number): Data {
    const values = this.#values[c]
    const { length } = values
    const nulls = nullsOf(values)
    if (type === 'text') return textData(values as (string | undefined)[], nulls)
    const numbers = values.map((value) => (value === undefined ? 0 : (value as number)))
    if (type === 'uint32') return makeData({ type: new Uint32(), length, ...nulls, data: Uint32Array.from(numbers) })
    if (type === 'int32') return makeData({ type: new Int32(), length, ...nulls, data: Int32Array.from(numbers) })
    if (type === 'float32') return makeData({ type: new Float32(), length, ...nulls, data: Float32Array.from(numbers) })
    const dictionary = new Vector([textData(this.#names[c]!.names)])
    return makeData({ type: dictionaryType(c), length, ...nulls, data: Int32Array.from(numbers), dictionary })
  }
}

function nullsOf(values: readonly unknown[]): { nullCount: number; nullBitmap?: Uint8Array } {
  if (!values.includes(undefined)) return { nullCount: 0 }
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8)
  let nullCount = 0
  for (const [i, value] of values.entries()) {
    if (value === undefined) nullCount++
    else nullBitmap[i >> 3] |= 1 << (i & 7)
  }
  return { nullCount, nullBitmap }
}

/** Strings as Arrow has them. */
export function textData(
  texts: readonly (string | undefined)[],
  nulls: ReturnType<typeof nullsOf> = { nullCount: 0 },
): Data<Utf8> {
  const data = encoder.encode(texts.join(''))
  const valueOffsets = new Int32Array(texts.length + 1)
  for (const [i, text = ''] of texts.entries())
    valueOffsets[i + 1] = valueOffsets[i] + (isAscii(text) ? text.length : encoder.encode(text).length)
  return makeData({ type: new Utf8(), length: texts.length, ...nulls, valueOffsets, data })
}

const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text)
