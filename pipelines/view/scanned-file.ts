import type { Contig, Region } from '../../src/genome.ts'
import type { PredictionFile, RowBatch } from '../../src/io/output/prediction-file.ts'
import { readAhead } from '../../src/streams.ts'
import { type Site, StrongestSites } from '../run/strongest-sites.ts'
import { type BinSink, BinTable } from './bin-table.ts'
import { Pace } from './pace.ts'
import { type RowRun, runsOf } from './row-runs.ts'

/** Bins of the table, at most; they are this wide at least, in bases. */
const mostBins = 2 ** 20
const leastBinBases = 16
/** Blocks held after reading, about 2 MB each. */
const heldBlocks = 12
const sitesPerTrack = 500

/** What finds the strongest sites of tracks; probabilities of single bases have none. */
export const strongestOf = (tracks: readonly string[]): StrongestSites =>
  new StrongestSites(
    tracks.filter((name) => !/^p_[acgt](_|$)/.test(name)),
    sitesPerTrack,
  )

/** What a file holds of a contig. */
export interface Covered extends Contig {
  /** The first and one past the last position with a row. */
  readonly start: number
  readonly end: number
}

/** Values of consecutive positions. */
export interface Stretch {
  readonly start: number
  readonly end: number
  readonly bases: Uint8Array
  /** By track. */
  readonly values: readonly Float32Array[]
}

/**
 * A file with what a first look needs: bins, where which rows are, the strongest sites. All of it is read once, in the
 * background; a file whose blocks say what they hold can be drawn before that.
 */
export class ScannedFile {
  readonly tracks: readonly string[]
  readonly binBases: number
  /** Resolves when everything is drawn as it will be, if coarsely. */
  readonly overview: Promise<void>
  /** Resolves when all rows were read. */
  readonly complete: Promise<void>
  readonly #file: PredictionFile
  readonly #table: BinTable
  /** By block; undefined where it was not read yet. */
  readonly #runs: (readonly RowRun[] | undefined)[]
  readonly #strongest: StrongestSites
  readonly #held = new Map<number, Promise<RowBatch>>()
  readonly #pace = new Pace()
  #scanned = 0
  #isClosed = false

  constructor(file: PredictionFile) {
    this.#file = file
    this.tracks = file.tracks
    const rows = file.facts?.reduce((sum, facts) => sum + facts.rows, 0) ?? file.blockCount * 131_072
    this.binBases = Math.max(leastBinBases, 2 ** Math.ceil(Math.log2(rows / mostBins)))
    this.#table = new BinTable(file.tracks.length, this.binBases)
    this.#runs = Array.from({ length: file.blockCount }, () => undefined)
    this.#strongest = strongestOf(file.tracks)
    const { first, later } = scanOrder(file)
    this.overview = this.#scan(first)
    this.complete = this.overview.then(() => this.#scan(later))
    this.complete.catch(() => {}) // reported to those who wait for it
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#file.metadata
  }

  /** From 0 to 1. */
  get progress(): number {
    return this.#scanned / this.#file.blockCount
  }

  /** Contigs with what is covered of them, in the order of the file. */
  contigs(): Covered[] {
    this.#pace.ask()
    const found = new Map<string, [start: number, end: number]>()
    for (const block of this.#runs.keys())
      for (const { contig, start, end } of this.#placesOf(block)) {
        const so = found.get(contig)
        found.set(contig, so ? [Math.min(so[0], start), Math.max(so[1], end)] : [start, end])
      }
    const lengths = contigLengths(this.metadata.get('genoconv.input'))
    return [...found].map(([name, [start, end]]) => ({
      name,
      start,
      end,
      length: Math.max(end, lengths.get(name) ?? 0),
    }))
  }

  /** Least and largest value of each track so far. */
  ranges(): ([least: number, largest: number] | undefined)[] {
    const lanes = this.tracks.map((): [number, number] | undefined => undefined)
    for (const { name, start, end } of this.contigs()) {
      const add: BinSink['add'] = (track, _from, _to, least, largest) => {
        const so = lanes[track]
        lanes[track] = so ? [Math.min(so[0], least), Math.max(so[1], largest)] : [least, largest]
      }
      this.bins({ contig: name, start, end }, { add })
    }
    return lanes
  }

  /** Tells `out` what is known of `region`. */
  bins({ contig, start, end }: Region, out: BinSink): void {
    this.#table.query(contig, start, end, out)
    for (const [block, facts] of this.#file.facts?.entries() ?? []) {
      const { contigs, positions, ranges } = facts
      if (this.#runs[block] || contigs?.[0] !== contig || !positions || !ranges) continue
      const [from, to] = [Math.max(start, positions[0]), Math.min(end, positions[1])]
      if (from >= to) continue
      for (const [k, name] of this.tracks.entries()) {
        const range = ranges[name]
        if (range) out.add(k, from, to, range[0], range[1])
      }
    }
  }

  /** The rows of `region`, in the order of the file. */
  async values({ contig, start, end }: Region): Promise<Stretch[]> {
    this.#pace.ask()
    await this.overview
    const stretches: Stretch[] = []
    for (const block of this.#runs.keys()) {
      const isThere = (run: Omit<RowRun, 'row'>): boolean => run.contig === contig && run.start < end && start < run.end
      if (!this.#placesOf(block).some(isThere)) continue
      const batch = await this.#read(block)
      for (const run of (this.#runs[block] ?? runsOf(batch)).filter(isThere)) {
        const [from, to] = [Math.max(start, run.start), Math.min(end, run.end)]
        const row = run.row + from - run.start
        const cut = <T extends Uint8Array | Float32Array>(column: T): T => column.subarray(row, row + to - from) as T
        const values = this.tracks.map((name) => cut(batch.tracks[name]))
        stretches.push({ start: from, end: to, bases: cut(batch.bases), values })
      }
    }
    return stretches
  }

  /** The strongest sites of each track so far. */
  sites(): ReadonlyMap<string, readonly Site[]> {
    return this.#strongest.sites
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#file.close()
  }

  /** Where the rows of a block are, exactly or, before it is read, by what it says. */
  #placesOf(block: number): readonly Omit<RowRun, 'row'>[] {
    const runs = this.#runs[block]
    if (runs) return runs
    const { contigs, positions } = this.#file.facts?.[block] ?? {}
    return contigs && positions ? [{ contig: contigs[0], start: positions[0], end: positions[1] }] : []
  }

  async #scan(blocks: readonly number[]): Promise<void> {
    const file = this.#file
    const batches = async function* (): AsyncGenerator<[number, Rows]> {
      for (const block of blocks) yield [block, await readRows(file, block)]
    }
    for await (const [block, { runs, values }] of readAhead(batches(), 1)) {
      if (this.#isClosed) return
      for (const { contig, start, end, row } of runs)
        this.#table.add(contig, start, values, row, end - start, (k, first, last, magnitude) => {
          const track = this.tracks[k]
          if (!(magnitude > (this.#strongest.threshold(track) ?? Number.POSITIVE_INFINITY))) return
          const region = { contig, start: start + first - row, end: start + last - row }
          this.#strongest.add({ region, tracks: { [track]: values[k].subarray(first, last) } })
        })
      this.#runs[block] = runs
      this.#scanned++
      await this.#pace.giveWay()
    }
  }

  #read(block: number): Promise<RowBatch> {
    const held = this.#held.get(block)
    this.#held.delete(block)
    const batch = held ?? this.#file.read(block)
    this.#held.set(block, batch)
    batch.catch(() => this.#held.delete(block))
    if (this.#held.size > heldBlocks) this.#held.delete(this.#held.keys().next().value!)
    return batch
  }
}

/** What a scan needs of a block. */
interface Rows {
  readonly runs: readonly RowRun[]
  /** By track. */
  readonly values: readonly Float32Array[]
}

/** Numbers alone are read where the positions confirm what the block said of itself. */
async function readRows(file: PredictionFile, block: number): Promise<Rows> {
  const { isRun, contigs, positions, rows } = file.facts?.[block] ?? { rows: 0 }
  if (isRun && contigs && positions && file.readNumbers) {
    const { position, tracks } = await file.readNumbers(block)
    const [start, end] = positions
    if (position.length === rows && isConsecutive(position))
      return { runs: [{ contig: contigs[0], start, end, row: 0 }], values: tracks }
  }
  const batch = await file.read(block)
  return { runs: runsOf(batch), values: file.tracks.map((name) => batch.tracks[name]) }
}

function isConsecutive(positions: Uint32Array): boolean {
  const [first] = positions
  for (let i = 0; i < positions.length; i++) if (positions[i] !== first + i) return false
  return true
}

/**
 * Which blocks must be read before anything can be drawn, and which can wait: those that say which positions of one contig they
 * hold. Of these the ones with the largest values come first, so that the strongest sites are known early.
 */
function scanOrder({ blockCount, facts, tracks }: PredictionFile): { first: number[]; later: number[] } {
  const all = Array.from({ length: blockCount }, (_, block) => block)
  if (!facts) return { first: all, later: [] }
  const isClear = (block: number): boolean => {
    const { contigs, positions, ranges, isRun } = facts[block]
    return (
      (isRun ?? ranges !== undefined) && contigs !== undefined && contigs[0] === contigs[1] && positions !== undefined
    )
  }
  const largest = (block: number): number =>
    Math.max(...tracks.map((name) => facts[block].ranges?.[name]?.[1] ?? Number.NEGATIVE_INFINITY))
  return {
    first: all.filter((block) => !isClear(block)),
    later: all.filter(isClear).sort((a, b) => largest(b) - largest(a)),
  }
}

/** What the metadata say of the inputs' contigs; nothing where they say nothing that can be read. */
function contigLengths(input: string | undefined): ReadonlyMap<string, number> {
  try {
    const { contigs } = JSON.parse(input ?? '{}') as { contigs?: { name: string; length: number }[] }
    return new Map(contigs?.map(({ name, length }) => [name, length]))
  } catch {
    return new Map()
  }
}
