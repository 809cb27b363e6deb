import { checkHead, type DoneOutput } from '../../src/io/output/done-output.ts'
import type { TableRow } from '../../src/io/output/table.ts'
import type { VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import type { ScoredVariant, Variant } from '../variants/options.ts'
import type { RecordWriter } from '../variants/records.ts'
import type { VariantTable } from '../variants/table.ts'

/** What is handed on at once, or less after this time: slow results are there soon, and an interrupted run keeps them. */
const pieceBytes = 1 << 18
const mostMilliseconds = 1000

/** A variant of a VCF, or one that no file has. */
type Line = Variant & Partial<Pick<VcfRecord, 'tail'>>

/**
 * Scored variants as text, in pieces of about 256 KiB. They begin at the first row whatever is done; what `done` has is not
 * written again.
 */
export async function* encodeText<V extends Line>(
  scored: AsyncIterable<ScoredVariant<V>>,
  writer: RecordWriter<V>,
  isVcf: boolean,
  done?: DoneOutput,
): AsyncGenerator<Uint8Array[]> {
  const pieces = new Pieces(done?.tornBytes ?? 0)
  const head = [...writer.head()]
  if (done) checkHead(head, done)
  else yield head
  let doneRows = done?.rows ?? 0
  for await (const one of scored) {
    const rows = writer.rowsOf(one)
    const skipped = Math.min(rows, doneRows)
    doneRows -= skipped
    if (skipped === 0 || skipped < rows) {
      let row = 0
      for (const bytes of writer.record(one)) if (row++ >= skipped) pieces.add(bytes)
    }
    for await (const bytes of one.variant.tail ?? []) {
      if (skipped > 0 || !isVcf) continue
      pieces.add(bytes)
      if (pieces.isFull) yield pieces.take()
    }
    if (pieces.isFull) yield pieces.take()
  }
  yield pieces.take()
}

/** Gathers bytes, without the first `skip`. */
class Pieces {
  #skip: number
  #buffer = new Uint8Array(pieceBytes)
  #length = 0
  #full: Uint8Array[] = []
  #taken = performance.now()

  constructor(skip: number) {
    this.#skip = skip
  }

  add(bytes: Uint8Array): void {
    if (this.#skip === 0 && this.#length + bytes.length < pieceBytes) {
      this.#buffer.set(bytes, this.#length)
      this.#length += bytes.length
      return
    }
    let from = Math.min(this.#skip, bytes.length)
    this.#skip -= from
    while (from < bytes.length) {
      const part = bytes.subarray(from, from + pieceBytes - this.#length)
      this.#buffer.set(part, this.#length)
      this.#length += part.length
      from += part.length
      if (this.#length === pieceBytes) this.#end()
    }
  }

  get isFull(): boolean {
    return this.#full.length > 0 || performance.now() - this.#taken > mostMilliseconds
  }

  take(): Uint8Array[] {
    if (this.#full.length === 0) this.#end()
    const taken = this.#full
    this.#full = []
    this.#taken = performance.now()
    return taken
  }

  #end(): void {
    if (this.#length > 0) this.#full.push(this.#buffer.subarray(0, this.#length))
    this.#buffer = new Uint8Array(pieceBytes)
    this.#length = 0
  }
}

/** Scored variants as rows of a table. */
export async function* tableRows<V extends Line>(
  scored: AsyncIterable<ScoredVariant<V>>,
  table: VariantTable,
): AsyncGenerator<TableRow[]> {
  for await (const one of scored) {
    for await (const _ of one.variant.tail ?? []); // a long line's samples
    yield table.rows(one)
  }
}
