import { ConfigError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import type { Job } from './jobs.ts'
import type { PredictOptions } from '../predict/options.ts'
import type { StrandValues } from './run-strand.ts'

/** Counts off, job by job, the rows that are in the output already. */
export class DoneRows {
  private left: number
  private readonly lengths: ReadonlyMap<string, number>
  private readonly onSkipped: PredictOptions['onSkipped']

  private constructor(rows: number, lengths: ReadonlyMap<string, number>, onSkipped: PredictOptions['onSkipped']) {
    this.left = rows
    this.lengths = lengths
    this.onSkipped = onSkipped
  }

  /** Where rows are to be skipped, inputs that do not know their records' lengths are read once for them. */
  static async open(inputs: readonly Genome[], { doneRows = 0, signal, onSkipped }: PredictOptions): Promise<DoneRows> {
    if (doneRows === 0) return new DoneRows(0, new Map(), onSkipped)
    const lengths = new Map<string, number>()
    for (const genome of inputs) {
      if (genome.isRandomAccess) continue
      if (genome.name === '-')
        throw new ConfigError({ where: '-', what: 'standard input cannot be gone on with', expected: 'a file' })
      for await (const { contig, start, bases } of genome.chunks({ chunkBases: 1 << 20, signal }))
        lengths.set(contig, start + bases.length)
    }
    return new DoneRows(doneRows, lengths, onSkipped)
  }

  /** For each of `jobs`, the next in order, the bases at its front that are done; whether they are all there is. */
  take(jobs: readonly Job[]): { doneBases: readonly number[]; isAll: boolean } {
    let isAll = true
    const doneBases = jobs.map(({ region }) => {
      const { contig, start } = region
      const length = Number.isFinite(region.end)
        ? region.end - start
        : (this.lengths.get(contig) ?? Number.POSITIVE_INFINITY)
      const done = Math.min(this.left, length)
      this.left -= done
      if (done > 0) this.onSkipped?.({ ...region, end: start + done })
      isAll &&= done === length
      return done
    })
    return { doneBases, isAll }
  }
}

/** What of `values` is at or behind `position`; undefined where nothing is. */
export function behind(values: StrandValues, position: number): StrandValues | undefined {
  const dropped = Math.max(0, position - values.start)
  if (dropped === 0) return values
  if (dropped >= values.bases.length) return undefined
  const tracks = Object.fromEntries(
    Object.entries(values.tracks).map(([name, track]) => [name, track.subarray(dropped)]),
  )
  return { start: position, bases: values.bases.subarray(dropped), tracks }
}
