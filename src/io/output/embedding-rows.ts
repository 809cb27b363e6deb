import type { EmbeddingBatch } from '../../genome.ts'
import { alphabet, BaseColumns, baseFields } from './arrow-rows.ts'
import {
  type Data,
  Field,
  FixedSizeList,
  Float32,
  makeData,
  type RecordBatch,
  Schema,
  Uint32,
  Utf8,
  type Vector,
} from './arrow.ts'
import {
  Dictionaries,
  type DictionaryColumn,
  dictionaryType,
  recordBatchOf,
  type RecordRows,
  type RowKind,
  type RowLayout,
} from './record-rows.ts'
import { textData } from './table.ts'

/** What the columns of a file of embeddings are, apart from the rows themselves. */
export interface EmbeddingLayout extends RowLayout {
  readonly channelCount: number
  /** Given: what `region` says of each region of the request. Without: of a record its name, start and end. */
  readonly regions?: readonly string[]
  /** As in `OutputLayout`. */
  readonly metadata?: () => ReadonlyMap<string, string>
}

/** Values of one record batch, about 4 MiB, whatever the chunk is. */
const valuesPerRecordBatch = 2 ** 20
/** Bases of the regions of one record batch: a run that is killed loses no more than these. */
const basesPerRecordBatch = 2 ** 20

const rowsPerRecordBatch = (channelCount: number): number =>
  Math.max(1, Math.floor(valuesPerRecordBatch / channelCount))

/** A fixed-size list: its values stand one after the other, as a matrix [rows, channels]. */
const embeddingField = (channelCount: number): Field =>
  new Field('embedding', new FixedSizeList(channelCount, new Field('item', new Float32(), false)), false)

const schemaOf = (fields: Field[], { channelCount, metadata }: EmbeddingLayout): Schema =>
  new Schema([...fields, embeddingField(channelCount)], new Map(metadata?.() ?? []))

/** One row per region or record: contig, start, end (0-based, half-open), region, embedding. */
export const regionEmbeddings: RowKind<EmbeddingBatch, EmbeddingLayout> = {
  schema: (layout) =>
    schemaOf(
      [
        new Field('contig', dictionaryType('contig'), false),
        new Field('start', new Uint32(), false),
        new Field('end', new Uint32(), false),
        new Field('region', new Utf8(), false),
      ],
      layout,
    ),
  open: (schema, layout) => new RegionRows(schema, layout),
}

/** One row per base: the columns of predictions with `embedding` in place of tracks. */
export const baseEmbeddings: RowKind<EmbeddingBatch, EmbeddingLayout> = {
  schema: (layout) => schemaOf(baseFields(layout), layout),
  open: (schema, layout) => new BaseRows(schema, layout),
}

/** What both kinds share: names, and the values of two record batches that are filled in turn. */
class EmbeddingRows {
  protected readonly schema: Schema
  protected readonly layout: EmbeddingLayout
  protected readonly names: Dictionaries
  protected readonly rowLimit: number
  protected rows = 0
  #values: [filling: Float32Array, writing: Float32Array]

  constructor(schema: Schema, layout: EmbeddingLayout) {
    this.schema = schema
    this.layout = layout
    this.names = new Dictionaries(layout, alphabet)
    this.rowLimit = rowsPerRecordBatch(layout.channelCount)
    const room = (): Float32Array => new Float32Array(this.rowLimit * layout.channelCount)
    this.#values = [room(), room()]
  }

  know(contigs: readonly string[]): void {
    for (const name of contigs) this.names.contigs.indexOf(name)
  }
  dictionary(column: DictionaryColumn): Vector<Utf8> {
    return this.names.vector(column)
  }

  /** Rows `[from, from + count)` of a batch, to stand after those that are there. */
  protected append({ embedding }: EmbeddingBatch, from: number, count: number): void {
    const { channelCount } = this.layout
    this.#values[0].set(
      embedding.subarray(from * channelCount, (from + count) * channelCount),
      this.rows * channelCount,
    )
    this.rows += count
  }

  protected take(columns: Data[]): RecordBatch {
    const { rows, schema } = this
    const { type } = schema.fields.at(-1)! as Field<FixedSizeList<Float32>>
    const data = this.#values[0].subarray(0, rows * this.layout.channelCount)
    const child = makeData({ type: new Float32(), length: data.length, nullCount: 0, data })
    const column = makeData({ type, length: rows, nullCount: 0, child })
    this.rows = 0
    this.#values = [this.#values[1], this.#values[0]]
    return recordBatchOf(schema, rows, [...columns, column])
  }
}

class RegionRows extends EmbeddingRows implements RecordRows<EmbeddingBatch> {
  #places: { readonly contig: number; readonly start: number; readonly end: number; readonly region: string }[] = []
  #bases = 0

  flush(): RecordBatch | undefined {
    const places = this.#places
    if (places.length === 0) return undefined
    this.#places = []
    this.#bases = 0
    const numbers = (data: Uint32Array): Data =>
      makeData({ type: new Uint32(), length: data.length, nullCount: 0, data })
    return this.take([
      this.names.indices(
        'contig',
        Int32Array.from(places, ({ contig }) => contig),
      ),
      numbers(Uint32Array.from(places, ({ start }) => start)),
      numbers(Uint32Array.from(places, ({ end }) => end)),
      textData(places.map(({ region }) => region)),
    ])
  }

  *add(batch: EmbeddingBatch): Generator<RecordBatch> {
    const { contig, start, end, name } = batch.region
    const region = this.layout.regions?.[batch.regionIndex] ?? name ?? `${contig}:${start}-${end}`
    this.#places.push({ contig: this.names.contigs.indexOf(contig), start, end, region })
    this.append(batch, 0, 1)
    this.#bases += end - start
    if (this.rows === this.rowLimit || this.#bases >= basesPerRecordBatch) yield this.flush()!
  }
}

class BaseRows extends EmbeddingRows implements RecordRows<EmbeddingBatch> {
  #columns: [filling: BaseColumns, writing: BaseColumns]

  constructor(schema: Schema, layout: EmbeddingLayout) {
    super(schema, layout)
    this.#columns = [new BaseColumns(layout, this.rowLimit), new BaseColumns(layout, this.rowLimit)]
  }

  *add(batch: EmbeddingBatch): Generator<RecordBatch> {
    const { region: place, bases = new Uint8Array(0), regionIndex } = batch
    const { regions } = this.layout
    const contig = this.names.contigs.indexOf(place.contig)
    const region = regions ? this.names.regions.indexOf(regions[regionIndex]) : 0
    const rows = { position: place.start, bases, contig, region }
    for (let taken = 0; taken < bases.length; ) {
      const count = Math.min(bases.length - taken, this.rowLimit - this.rows)
      this.#columns[0].append(this.rows, rows, taken, count)
      this.append(batch, taken, count)
      taken += count
      if (this.rows === this.rowLimit) yield this.flush()!
    }
  }

  flush(): RecordBatch | undefined {
    if (this.rows === 0) return undefined
    const [columns, other] = this.#columns
    this.#columns = [other, columns]
    return this.take(columns.take(this.rows, this.names))
  }
}
