import { FormatError } from '../../errors.ts'
import type { Contig, Region } from '../../genome.ts'
import { BgzfReader } from '../bytes/bgzf-reader.ts'
import { type ByteSource, PIECE_BYTES, readAll } from '../bytes/byte-source.ts'
import { bufferedReader, type DataReader, plainReader } from '../bytes/data-reader.ts'
import { type Gzi, parseGzi } from '../bytes/gzi.ts'
import { StaleIndex } from '../bytes/stale-index.ts'
import { warnOfEmpty } from './empty-records.ts'
import { baseOffset, type FaiEntry, parseFai } from './fai.ts'
import { type IndexedRecord, scanIndex } from './fasta-index.ts'
import { HeldRecords } from './held-records.ts'
import { checkGap, checkLineEnds } from './index-check.ts'
import type { RegionReader } from './region-reader.ts'

/** What is known of a file's records, and how to read them. */
export interface OpenIndex {
  readonly contigs: ReadonlyMap<string, Contig>
  /** Letters of a region that was checked against `contigs`. StaleIndex if the file is not what the index says. */
  read(region: Region, signal?: AbortSignal): Promise<Uint8Array>
}

interface LoadOptions {
  readonly packing: 'bgzf' | 'gzip' | 'plain'
  readonly maxHeldBytes: number
  readonly onWarning: (message: string) => void
  readonly signal?: AbortSignal
  /** Do not even look at the index files: `staleReason` says what was found wrong with them. */
  readonly isRebuild: boolean
  readonly staleReason?: string
}

/** Takes the index beside the file if it fits, else scans the file. A stale index gives a warning and is not used. */
export async function loadIndex(source: ByteSource, options: LoadOptions): Promise<OpenIndex> {
  if (options.packing === 'gzip') return scanAll(source, options)
  let staleReason = options.staleReason
  if (!options.isRebuild) {
    try {
      const index = await openFiles(source, options)
      if (index) return index
    } catch (error) {
      if (!(error instanceof StaleIndex)) throw error
      staleReason = error.message
    }
  }
  if (staleReason !== undefined) {
    options.onWarning(
      `${source.besideName('.fai')}: the index does not fit the file (${staleReason}), so one is built in memory; renew it with genoconv index`,
    )
  }
  return scanAll(source, options)
}

/** Of so many records, this short on average, reading all is quicker than looking at each place between two of them. */
const MANY_RECORDS = 10_000
const SHORT_RECORD_BYTES = 4096

/** The index beside the file, checked; undefined if it is not there, or a scan of the file is quicker than to check it. */
async function openFiles(source: ByteSource, options: LoadOptions): Promise<OpenIndex | undefined> {
  const { signal, onWarning } = options
  const cacheBytes = cacheBytesOf(options)
  const fai = await readBeside(source, '.fai', signal)
  const gzi = options.packing === 'bgzf' ? await readBeside(source, '.gzi', signal) : undefined
  const missing = !fai ? '.fai' : options.packing === 'bgzf' && !gzi ? '.gzi' : undefined
  if (missing && source.access === 'dear') {
    throw new FormatError({
      where: source.name,
      what: 'no index beside it',
      expected: source.besideName(missing),
      remedy: 'make it with genoconv index and put it there',
    })
  }
  if (!fai || missing) return undefined
  const entries = parseFai(fai)
  const reader = gzi
    ? await BgzfReader.open(source, parseGzi(gzi), { onWarning, signal, cacheBytes })
    : plainReader(source)
  if (source.access === 'dear') return checkedLater(entries, reader, source)
  if (entries.length > MANY_RECORDS && reader.dataBytes < SHORT_RECORD_BYTES * entries.length) return undefined
  const records: Contig[] = []
  const checked = bufferedReader(reader)
  for (let i = 0; i <= entries.length; i++) {
    for (const name of await checkGap(checked, entries, i, signal)) records.push({ name, length: 0 })
    if (i === entries.length) break
    await checkLineEnds(checked, entries[i], signal)
    records.push(entries[i])
  }
  const contigs = new Map(records.map((record) => [record.name, record]))
  if (contigs.size < records.length) throw new StaleIndex('the file has records of one name')
  warnOfEmpty(source.name, records, onWarning)
  const read = regionsOf(reader, source)
  return { contigs, read: (region, signal) => read(contigs.get(region.contig) as FaiEntry, region, signal) }
}

/** Decompressed data that is worth keeping: a share of what records may take. */
const cacheBytesOf = ({ maxHeldBytes }: LoadOptions): number => Math.min(1 << 25, maxHeldBytes / 8)

/** Records whose readers are kept. */
const KEPT_READERS = 1000

/** Reads regions of records; what that takes is loaded by the first of them. */
function regionsOf(reader: DataReader, source: ByteSource) {
  const readers = new Map<string, RegionReader>()
  const pieceBases = source.access === 'dear' ? PIECE_BYTES : undefined
  return async (entry: FaiEntry, { start, end }: Region, signal?: AbortSignal): Promise<Uint8Array> => {
    let found = readers.get(entry.name)
    if (!found) {
      const { RegionReader } = await import('./region-reader.ts')
      found = new RegionReader(reader, entry, pieceBases)
      if (readers.size >= KEPT_READERS) readers.clear()
      readers.set(entry.name, found)
    }
    return found.read(start, end, signal)
  }
}

async function readBeside(source: ByteSource, suffix: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const file = await source.beside(suffix, signal).catch((cause: unknown) => {
    // A folder of that name, no permission: as good as no index, but worth a warning.
    if (source.access === 'cheap' && cause instanceof FormatError) throw new StaleIndex(cause.message, { cause })
    throw cause
  })
  try {
    // Whole seconds: a copy or checkout may write both files within one.
    if (
      file?.modifiedSeconds !== undefined &&
      source.modifiedSeconds !== undefined &&
      file.modifiedSeconds < source.modifiedSeconds
    ) {
      throw new StaleIndex(`${suffix} is older than the file`)
    }
    if (file?.access === 'none') throw new StaleIndex(`${suffix} is no regular file`)
    return file && (await readAll(file, signal))
  } finally {
    await file?.close()
  }
}

/** Over a network each record is compared with the file when it is first read. */
function checkedLater(entries: readonly FaiEntry[], reader: DataReader, source: ByteSource): OpenIndex {
  const last = entries[entries.length - 1]
  if (baseOffset(last, last.length - 1) >= reader.dataBytes)
    throw new StaleIndex('it reaches beyond the end of the file')
  const contigs = new Map(entries.map((entry) => [entry.name, entry]))
  const numbers = new Map(entries.map((entry, i) => [entry.name, i]))
  const checked = new Set<string>()
  const read = regionsOf(reader, source)
  return {
    contigs,
    async read(region, signal) {
      const entry = contigs.get(region.contig) as FaiEntry
      if (!checked.has(entry.name)) {
        const i = numbers.get(entry.name) as number
        await Promise.all([
          checkGap(reader, entries, i, signal),
          checkGap(reader, entries, i + 1, signal),
          checkLineEnds(reader, entry, signal),
        ])
        checked.add(entry.name)
      }
      return read(entry, region, signal)
    },
  }
}

/** Index by a scan of the whole file; records that arithmetic cannot find are held in memory when they are read. */
async function scanAll(source: ByteSource, options: LoadOptions): Promise<OpenIndex> {
  const { packing, maxHeldBytes, onWarning, signal } = options
  const { records, gzi } = await scanIndex(source, { signal, onWarning })
  const reader =
    packing === 'plain'
      ? plainReader(source)
      : packing === 'bgzf'
        ? await BgzfReader.open(source, gzi as Gzi, { signal, cacheBytes: cacheBytesOf(options) })
        : undefined
  const isHeld = (record: IndexedRecord): boolean => reader === undefined || record.irregularLine > 0
  const held = new HeldRecords(source, records.filter(isHeld), maxHeldBytes)
  const read = reader && regionsOf(reader, source)
  warnOfEmpty(source.name, records, onWarning)
  const contigs = new Map(records.map((record) => [record.name, record]))
  return {
    contigs,
    async read(region, signal) {
      const record = contigs.get(region.contig) as IndexedRecord
      if (region.start === region.end) return new Uint8Array(0)
      if (read && !isHeld(record)) return read(record, region, signal)
      onWarning(
        read
          ? `${source.name}: record ${record.name} has lines of uneven length, so it is held in memory`
          : `${source.name}: plain gzip has no random access, so its records are held in memory; bgzip would give it`,
      )
      return (await held.get(record.name, signal)).slice(region.start, region.end)
    },
  }
}
