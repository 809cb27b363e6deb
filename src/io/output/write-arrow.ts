import {
  AsyncByteQueue,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  RecordBatchWriter,
  type Schema,
  type Utf8,
  type Vector,
} from './arrow.ts'
import { checkHead, type DoneOutput } from './done-output.ts'
import {
  type DictionaryColumn,
  dictionaryColumns,
  dictionaryIds,
  type RecordRows,
  type RowKind,
  type RowLayout,
} from './record-rows.ts'

/**
 * The writers of apache-arrow push into a queue without a limit. This one is emptied after every record batch, so that no
 * more than one batch is ever held.
 */
export class DrainedQueue extends AsyncByteQueue {
  #written: Uint8Array[] = []
  override write(chunk: ArrayBufferView): void {
    this.#written.push(new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength))
  }
  drain(): Uint8Array[] {
    const written = this.#written
    this.#written = []
    return written
  }
}

/**
 * A file has one dictionary a column and no replacements. Names of contigs that stream in are complete only at the end,
 * and the format lets a dictionary come after the batches that use it (the footer says where), so it is written when
 * it is known: first, or last. (Delta dictionaries, the other way, are refused by polars.) pyarrow, polars and DuckDB
 * read both places alike.
 */
export class FileWriter extends RecordBatchFileWriter {
  /** The format begins with the schema, as a stream does; apache-arrow leaves it to the footer alone. */
  protected override _writeSchema(schema: Schema): this {
    super['_writeSchema'](schema)
    return RecordBatchWriter.prototype['_writeSchema'].call(this, schema) as this
  }
  protected override _writeDictionaries(): this {
    return this
  }
  /** `dictionaries`: by their ids. */
  writeDictionaries(dictionaries: ReadonlyMap<number, Vector<Utf8>>): void {
    for (const [id, vector] of dictionaries) this._writeDictionaryBatch(vector.data[0], id)
  }
  /** As if this writer had written what is there. */
  continueAfter({ bytes, recordBatches }: DoneOutput): void {
    this._position = bytes
    this._recordBatchBlocks.push(...(recordBatches as typeof this._recordBatchBlocks))
  }
  /** Replaces the schema that the footer will hold (its metadata may have grown). */
  setFooterSchema(schema: Schema): void {
    this._schema = schema
  }
}

class StreamWriter extends RecordBatchStreamWriter {
  /** As if this writer had written what is there: its last dictionaries are those of `rows`. */
  continueAfter(rows: RecordRows<never>, columns: readonly DictionaryColumn[]): void {
    for (const column of columns) {
      this._seenDictionaries.set(dictionaryIds[column], rows.dictionary(column))
      this._dictionaryDeltaOffsets.set(dictionaryIds[column], 1)
    }
  }
}

const dictionariesOf = (rows: RecordRows<never>, schema: Schema): Map<number, Vector<Utf8>> =>
  new Map(dictionaryColumns(schema).map((column) => [dictionaryIds[column], rows.dictionary(column)]))

/**
 * The Arrow IPC file format (`.arrow`), for files: a cut one is recognised as incomplete. After `done`, what
 * follows it.
 */
export async function* encodeArrowFile<B, L extends RowLayout>(
  kind: RowKind<B, L>,
  batches: AsyncIterable<B>,
  layout: L,
  done?: DoneOutput,
): AsyncGenerator<Uint8Array[]> {
  const schema = kind.schema(layout)
  const rows = kind.open(schema, layout)
  const writer = new FileWriter()
  const queue = new DrainedQueue()
  writer.reset(queue, schema)
  if (layout.contigs) writer.writeDictionaries(dictionariesOf(rows, schema))
  const head = queue.drain()
  if (done) {
    checkHead(head, done)
    writer.continueAfter(done)
  } else yield head
  const known = once(() => rows.know(done?.contigs?.() ?? []))
  for await (const batch of batches) {
    known()
    for (const recordBatch of rows.add(batch)) {
      writer.write(recordBatch)
      yield queue.drain()
    }
  }
  known()
  const last = rows.flush()
  if (last) writer.write(last)
  if (!layout.contigs) writer.writeDictionaries(dictionariesOf(rows, schema))
  writer.setFooterSchema(kind.schema(layout))
  writer.finish()
  yield queue.drain()
}

/**
 * The Arrow IPC stream format (`.arrows`), for pipes. Contigs not known beforehand replace the dictionary by a longer
 * one; the metadata is what is known at the start.
 */
export async function* encodeArrowStream<B, L extends RowLayout>(
  kind: RowKind<B, L>,
  batches: AsyncIterable<B>,
  layout: L,
  done?: DoneOutput,
): AsyncGenerator<Uint8Array[]> {
  const schema = kind.schema(layout)
  const rows = kind.open(schema, layout)
  const writer = new StreamWriter()
  const queue = new DrainedQueue()
  writer.reset(queue, schema)
  const head = queue.drain()
  if (done) checkHead(head, done)
  else yield head
  const known = once(() => {
    if (!done) return
    rows.know(done.contigs?.() ?? [])
    writer.continueAfter(rows, dictionaryColumns(schema))
  })
  for await (const batch of batches) {
    known()
    for (const recordBatch of rows.add(batch)) {
      writer.write(recordBatch)
      yield queue.drain()
    }
  }
  const last = rows.flush()
  if (last) writer.write(last)
  writer.finish()
  yield queue.drain()
}

/** What is to be done at the first call only. */
function once(action: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) action()
    isDone = true
  }
}
