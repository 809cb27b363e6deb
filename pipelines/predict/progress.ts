import type { Job } from './jobs.ts'
import type { PredictOptions, PredictPlan } from './options.ts'
import { runsOf } from './stretch.ts'

const lengthOf = ({ region: { start, end } }: Job): number => end - start
const strandCount = ({ stretch }: Job): number => runsOf(stretch.direction).length

/** Counts what is done of a run, each strand by itself, and tells of it. */
export class ProgressReport {
  #contig = ''
  #basesDone = 0
  #regionsDone = 0
  readonly #plan: Pick<PredictPlan, 'strandBases' | 'targets'>
  readonly #onProgress: PredictOptions['onProgress']

  constructor(plan: Pick<PredictPlan, 'strandBases' | 'targets'>, { onProgress }: Pick<PredictOptions, 'onProgress'>) {
    this.#plan = plan
    this.#onProgress = onProgress
  }

  /** Jobs whose rows an earlier run wrote: counted, but not told of, as they say nothing of this run's speed. */
  skip(jobs: readonly Job[], doneBases: readonly number[]): void {
    for (const [i, job] of jobs.entries()) this.#basesDone += strandCount(job) * doneBases[i]
    this.#regionsDone += jobs.length
  }

  /** Before the first job that is computed: told once. */
  begin({ region }: Job): void {
    if (this.#contig !== '') return
    this.#contig = region.contig
    this.#report()
  }

  /** A job is computed, piece by piece. */
  enter({ region }: Job): void {
    this.#contig = region.contig
  }
  computed(bases: number): void {
    this.#basesDone += bases
    this.#report()
  }
  finish(): void {
    this.#regionsDone++
    this.#report()
  }

  /** A job came out of a pack at once. */
  finishWhole(job: Job): void {
    this.enter(job)
    this.#basesDone += strandCount(job) * lengthOf(job)
    this.finish()
  }

  #report(): void {
    this.#onProgress?.({
      contig: this.#contig,
      basesDone: this.#basesDone,
      regionsDone: this.#regionsDone,
      basesTotal: this.#plan.strandBases,
      regionsTotal: this.#plan.targets,
    })
  }
}
