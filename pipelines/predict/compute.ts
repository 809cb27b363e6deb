import type { Model } from '../../src/model/model.ts'
import { runBoth } from './both-strands.ts'
import type { JobGroup } from './done-rows.ts'
import { runForward } from './forward.ts'
import { type QueuedPack, queuePack, RegionGroup } from './groups.ts'
import type { Job } from './jobs.ts'
import type { PredictOptions, PredictPlan } from './options.ts'
import type { ProgressReport } from './progress.ts'
import { type Place, runRecovering } from './recovering.ts'
import { runReverse } from './reverse.ts'
import type { StrandOptions } from './strand-plan.ts'
import { type StrandValues, valuesFrom } from './strand-values.ts'

/** Values of a job, or of a piece of one. */
export interface JobValues {
  readonly job: Job
  readonly values: StrandValues
}

/** A pack of a group, on its way. */
interface Queued extends JobGroup {
  readonly group: RegionGroup
  readonly pack: QueuedPack
}

const runs = { '+': runForward, '-': runReverse, both: runBoth }

/** Computes jobs in order: those of a group in packs, others alone; with what recovers where a device fails. */
export class Computation {
  #place: Place
  readonly #plan: PredictPlan
  readonly #strand: StrandOptions
  readonly #progress: ProgressReport
  readonly #onDeviceError: PredictOptions['onDeviceError']

  constructor(
    model: Model,
    run: { plan: PredictPlan; strand: StrandOptions; progress: ProgressReport; options: PredictOptions },
  ) {
    this.#place = { model, chunk: run.strand.chunkBases }
    this.#plan = run.plan
    this.#strand = run.strand
    this.#progress = run.progress
    this.#onDeviceError = run.options.onDeviceError
  }

  /** Values in the order of the jobs, without the bases that are done. */
  async *run(groups: AsyncIterable<JobGroup>): AsyncGenerator<JobValues> {
    let queued: Queued | undefined
    for await (const { jobs, doneBases } of groups) {
      this.#strand.signal?.throwIfAborted()
      if (jobs.length === 1) {
        if (queued) yield* this.#finish(queued)
        queued = undefined
        yield* this.#alone(jobs[0], doneBases[0])
        continue
      }
      const isWanted = (i: number): boolean => doneBases[i] < lengthOf(jobs[i])
      const group = new RegionGroup(
        jobs.map(({ stretch }) => stretch),
        this.#plan,
        isWanted,
      )
      for (const pieces of group.packs) {
        this.#strand.signal?.throwIfAborted()
        // The next pack is read and queued before the last one's values are awaited.
        const pack = await queuePack(this.#place.model, pieces, this.#strand)
        if (queued) yield* this.#finish(queued)
        queued = { jobs, doneBases, group, pack }
      }
    }
    if (queued) yield* this.#finish(queued)
  }

  async *#alone(job: Job, doneBases: number): AsyncGenerator<JobValues> {
    const { stretch } = job
    this.#progress.enter(job)
    const control = { doneBases, onComputed: (bases: number) => this.#progress.computed(bases) }
    const recovery = {
      onDeviceError: this.#onDeviceError,
      onMoved: (next: Place) => {
        this.#place = next
      },
    }
    for await (const values of runRecovering(
      runs[stretch.direction],
      this.#place,
      stretch,
      this.#strand,
      control,
      recovery,
    )) {
      this.#strand.signal?.throwIfAborted()
      const wanted = valuesFrom(values, stretch.start + doneBases)
      if (wanted) yield { job, values: wanted }
    }
    this.#progress.finish()
  }

  async *#finish({ jobs, doneBases, group, pack }: Queued): AsyncGenerator<JobValues> {
    await group.accept(pack)
    for (const { index, values } of group.ready()) {
      const job = jobs[index]
      const done = doneBases[index]
      if (!values && done < lengthOf(job)) {
        yield* this.#alone(job, done) // what a device fails of in a pack it may not fail of alone
        continue
      }
      this.#progress.finishWhole(job)
      const wanted = values && valuesFrom(values, job.region.start + done)
      if (wanted && done < lengthOf(job)) yield { job, values: wanted }
    }
  }
}

const lengthOf = ({ region: { start, end } }: Job): number => end - start
