import { ConfigError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import type { Job } from './jobs.ts'
import type { PredictOptions } from './options.ts'
import type { ProgressReport } from './progress.ts'

/** Jobs that are computed together, and of each the bases at its front that are not wanted. */
export interface JobGroup {
  readonly jobs: readonly Job[]
  readonly doneBases: readonly number[]
}

/** Counts off, job by job, the rows that are in the output already. */
export class DoneRows {
  #left: number
  readonly #rowOf: 'base' | 'region'
  readonly #lengths: ReadonlyMap<string, number>
  readonly #onSkipped: PredictOptions['onSkipped']

  private constructor(
    rows: number,
    rowOf: 'base' | 'region',
    lengths: ReadonlyMap<string, number>,
    onSkipped: PredictOptions['onSkipped'],
  ) {
    this.#left = rows
    this.#rowOf = rowOf
    this.#lengths = lengths
    this.#onSkipped = onSkipped
  }

  /** Where rows are to be skipped, inputs that do not know their records' lengths are read once for them. */
  static async open(
    inputs: readonly Genome[],
    { doneRows = 0, signal, onSkipped }: Pick<PredictOptions, 'doneRows' | 'signal' | 'onSkipped'>,
    rowOf: 'base' | 'region' = 'base',
  ): Promise<DoneRows> {
    if (doneRows === 0) return new DoneRows(0, rowOf, new Map(), onSkipped)
    const lengths = new Map<string, number>()
    for (const genome of inputs) {
      if (genome.isRandomAccess) continue
      if (genome.name === '-')
        throw new ConfigError({ where: '-', what: 'a run on standard input cannot be resumed', expected: 'a file' })
      for await (const { contig, start, bases } of genome.chunks({ chunkBases: 1 << 20, signal }))
        lengths.set(contig, start + bases.length)
    }
    return new DoneRows(doneRows, rowOf, lengths, onSkipped)
  }

  /** The groups of which rows are still to be written. */
  async *rest(groups: AsyncIterable<readonly Job[]>, progress: ProgressReport): AsyncGenerator<JobGroup> {
    for await (const jobs of groups) {
      const lengths = jobs.map((job) => this.#lengthOf(job))
      const doneBases = jobs.map((job, i) => this.#take(job, lengths[i]))
      if (doneBases.every((done, i) => done === lengths[i])) {
        progress.skip(jobs, doneBases)
        continue
      }
      progress.begin(jobs[0])
      yield { jobs, doneBases }
    }
  }

  #lengthOf({ region: { contig, start, end } }: Job): number {
    return Number.isFinite(end) ? end - start : (this.#lengths.get(contig) ?? Number.POSITIVE_INFINITY)
  }

  #take({ region }: Job, length: number): number {
    const done = this.#rowOf === 'base' || this.#left === 0 ? Math.min(this.#left, length) : length
    this.#left -= this.#rowOf === 'base' ? done : Math.min(this.#left, 1)
    if (done > 0) this.#onSkipped?.({ ...region, end: region.start + done })
    return done
  }
}
