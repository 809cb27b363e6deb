import { IndexedFasta } from '@gmod/indexedfasta'
import type { DataReader } from '../bytes/data-reader.ts'
import { StaleIndex } from '../bytes/stale-index.ts'
import { endOfBases } from './alphabet.ts'
import { checkLines } from './checked-lines.ts'
import { baseOffset, type FaiEntry } from './fai.ts'

/** Pieces of a long region that are read beside each other. */
const PIECES_AT_ONCE = 16
const encoder = new TextEncoder()

type Handle = NonNullable<ConstructorParameters<typeof IndexedFasta>[0]['fasta']>

/** Of its index the library sees one record, under this name: in its own table of names some names mean something else. */
const NAME = 'record'

/**
 * Regions of one record by `IndexedFasta` of @gmod/indexedfasta, which does the arithmetic and takes the line ends out. It
 * believes the index and what it reads; so it reads through a handle that compares every byte with the index, and what it
 * returns is checked again.
 */
export class RegionReader {
  #fasta: IndexedFasta
  #contig: string
  #pieceBases: number

  /**
   * `entry` is of a record with bases and lines of one length. `pieceBases` is the most that is asked for at once: short texts
   * are quicker to make, few requests are quicker over a network.
   */
  constructor(reader: DataReader, entry: FaiEntry, pieceBases = 1 << 16) {
    const { name, length, offset, lineBases, lineBytes } = entry
    const index = encoder.encode(`${[NAME, length, offset, lineBases, lineBytes].join('\t')}\n`)
    this.#fasta = new IndexedFasta({ fasta: checkedHandle(reader, entry), fai: handle(async () => index) })
    this.#contig = name
    this.#pieceBases = pieceBases
  }

  /**
   * ASCII letters of the bases [start, end), which the record has by its entry.
   *
   * @throws StaleIndex where the file is not what the index says
   */
  async read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    const bases = new Uint8Array(end - start)
    const piece = this.#pieceBases
    const readPiece = (at: number): Promise<void> => this.#readPiece(start + at, bases.subarray(at, at + piece), signal)
    for (let at = 0; at < bases.length; at += PIECES_AT_ONCE * piece) {
      const count = Math.min(PIECES_AT_ONCE, Math.ceil((bases.length - at) / piece))
      await (count === 1
        ? readPiece(at)
        : Promise.all(Array.from({ length: count }, (_, i) => readPiece(at + i * piece))))
    }
    return bases
  }

  /** Fills `bases` with what stands in the record from base `position` on. */
  async #readPiece(position: number, bases: Uint8Array, signal?: AbortSignal): Promise<void> {
    const text = (await this.#fasta.getSequence(NAME, position, position + bases.length, { signal })) ?? ''
    const { read, written } = text.length === bases.length ? encoder.encodeInto(text, bases) : { read: 0, written: 0 }
    if (read !== bases.length || written !== read) {
      throw new StaleIndex(`record ${this.#contig} has ${text.length} bases at ${position}, not ${bases.length}`)
    }
    const stop = endOfBases(bases, 0, bases.length)
    if (stop < bases.length) throw new StaleIndex(`record ${this.#contig} has no base at ${position + stop}`)
  }
}

/** The file as the library reads it: raw bytes of the record, compared with its entry on the way. */
function checkedHandle(reader: DataReader, entry: FaiEntry): Handle {
  // The line of the record's last base may end in another way than the others do.
  const recordEnd = baseOffset(entry, entry.length - 1) + 1
  return handle(async (length, position, signal) => {
    const bytes = await reader.read(Math.min(length, recordEnd - position), position, signal)
    checkLines(bytes, entry, basePosition(entry, position))
    return bytes
  })
}

/** Which base stands at file offset `offset`, where one stands. */
function basePosition(entry: FaiEntry, offset: number): number {
  const column = (offset - entry.offset) % entry.lineBytes
  return ((offset - entry.offset - column) / entry.lineBytes) * entry.lineBases + column
}

/** What of a file handle the library asks for: `fasta` is read in parts, `fai` as a whole. */
function handle(read: (length: number, position: number, signal?: AbortSignal) => Promise<Uint8Array>): Handle {
  const part: Handle['read'] = (length, position, options) =>
    read(length, position, options?.signal) as Promise<Uint8Array<ArrayBuffer>>
  const whole = () => read(0, 0) as Promise<Uint8Array<ArrayBuffer>>
  return {
    read: part,
    readFile: whole as Handle['readFile'],
    stat: () => Promise.reject(new Error('the library asks for no size')),
    close: async () => {},
  }
}
