import type { Job } from './jobs.ts'
import type { PredictOptions, PredictPlan } from './options.ts'
import { runsOf } from './stretch.ts'

const lengthOf = ({ region: { start, end } }: Job): number => end - start
const strandCount = ({ stretch }: Job): number => runsOf(stretch.direction).length

/** Counts what is done of a run, each strand by itself, and tells of it. */
export class ProgressReport {
  private contig = ''
  private basesDone = 0
  private regionsDone = 0
  private readonly plan: Pick<PredictPlan, 'strandBases' | 'targets'>
  private readonly onProgress: PredictOptions['onProgress']

  constructor(plan: Pick<PredictPlan, 'strandBases' | 'targets'>, { onProgress }: Pick<PredictOptions, 'onProgress'>) {
    this.plan = plan
    this.onProgress = onProgress
  }

  /** Jobs whose rows an earlier run wrote: counted, but not told of, as they say nothing of this run's speed. */
  skip(jobs: readonly Job[], doneBases: readonly number[]): void {
    for (const [i, job] of jobs.entries()) this.basesDone += strandCount(job) * doneBases[i]
    this.regionsDone += jobs.length
  }

  /** Before the first job that is computed: told once. */
  begin({ region }: Job): void {
    if (this.contig !== '') return
    this.contig = region.contig
    this.report()
  }

  /** A job is computed, piece by piece. */
  enter({ region }: Job): void {
    this.contig = region.contig
  }
  computed(bases: number): void {
    this.basesDone += bases
    this.report()
  }
  finish(): void {
    this.regionsDone++
    this.report()
  }

  /** A job came out of a pack at once. */
  finishWhole(job: Job): void {
    this.enter(job)
    this.basesDone += strandCount(job) * lengthOf(job)
    this.finish()
  }

  private report(): void {
    const { contig, basesDone, regionsDone, plan } = this
    this.onProgress?.({ contig, basesDone, regionsDone, basesTotal: plan.strandBases, regionsTotal: plan.targets })
  }
}
