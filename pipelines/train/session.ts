import { FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import type { Transcript } from '../../src/io/variants/annotation/transcript.ts'
import type { TrainingFolder } from '../../src/io/output/training-folder.ts'
import type { NamedTensor } from '../../src/model/checkpoint.ts'
import type { Tensors, TrainableArchitecture } from '../../src/training/architectures.ts'
import { Random } from '../../src/training/random.ts'
import type { Trainer, TrainerState } from '../../src/training/trainer.ts'
import type { TrainingData } from '../../src/training/training-data.ts'
import { type Evaluation, evaluate, meanPrecision, mineDecoys } from './evaluate.ts'
import type { TrainOptions } from './options.ts'
import { isMiningStep, partDone, type Schedule } from './schedule.ts'
import { type Asked, expectSameTraining, readState, writeState } from './state-file.ts'

/** Between two states, if nothing else is said. */
const defaultSaveSeconds = 120
/** Losses are averaged over so many. */
const reportSteps = 20

/** What a state file says besides its tensors. */
interface Numbers {
  readonly record: Asked
  readonly trainer: Omit<TrainerState, 'tensors'>
  readonly elapsed: number
  readonly positions: number
  /** Losses since the last line of the metrics. */
  readonly losses: { readonly sum: number; readonly count: number }
  readonly metricsCount: number
  /** What was done at the last step it was due, and which that was. */
  readonly lookedAt: LookedAt
  readonly best?: { readonly step: number; readonly evaluation: Evaluation }
}

interface LookedAt {
  readonly mined: number
  readonly evaluated: number
}

interface Parts {
  readonly trainer: Trainer
  readonly data: TrainingData
  readonly genome: Genome
  readonly architecture: TrainableArchitecture
  readonly selection: readonly Transcript[]
  readonly folder: TrainingFolder
  readonly schedule: Schedule
  readonly record: Asked
  readonly options: TrainOptions
}

/** Positions a second over the last steps. */
class Rate {
  #positions = 0
  #seconds = 0

  add(positions: number, seconds: number): void {
    this.#positions += positions
    this.#seconds += seconds
  }
  get mean(): number {
    return this.#positions / this.#seconds
  }
  clear(): void {
    this.#positions = 0
    this.#seconds = 0
  }
}

/** Trains step by step, evaluates, keeps the best weights, saves. */
export class Session {
  readonly #parts: Parts
  #best: { readonly step: number; readonly evaluation?: Evaluation; readonly tensors: Tensors } | undefined
  /** Seconds of earlier parts of this training. */
  #elapsedBefore = 0
  readonly #startTime = performance.now()
  #losses: { readonly sum: number; readonly count: number } = { sum: 0, count: 0 }
  readonly #rate = new Rate()
  #lookedAt: LookedAt = { mined: -1, evaluated: -1 }
  positions = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get elapsed(): number {
    return this.#elapsedBefore + (performance.now() - this.#startTime) / 1000
  }
  /** The chosen weights. */
  get chosen(): { readonly step: number; readonly tensors: Tensors } {
    const { trainer } = this.#parts
    return this.#best ?? { step: trainer.step, tensors: trainer.averageTensors() }
  }

  async run(): Promise<void> {
    const { trainer, schedule, options } = this.#parts
    const saveMilliseconds = 1000 * (options.saveSeconds ?? defaultSaveSeconds)
    let lastSave = Number.NEGATIVE_INFINITY
    const done = (): number => partDone(schedule, trainer.step, this.elapsed)
    try {
      for (;;) {
        await this.#look(done() >= 1)
        if (done() >= 1) break
        if (performance.now() - lastSave >= saveMilliseconds) {
          await this.save()
          lastSave = performance.now()
        }
        options.signal?.throwIfAborted()
        await this.#advance(done)
      }
    } catch (error) {
      if (options.signal?.aborted) await this.save()
      throw error
    }
    await this.save()
  }

  /** Mining and evaluation, where they are due and not done. */
  async #look(isLast: boolean): Promise<void> {
    const { trainer, schedule, options } = this.#parts
    const { step } = trainer
    if (isMiningStep(step) && this.#lookedAt.mined !== step) {
      await this.#mine()
      this.#lookedAt = { ...this.#lookedAt, mined: step }
    }
    const isDue = isLast || (step === 0 ? options.from !== undefined : step % schedule.evaluateEvery === 0)
    if (isDue && this.#lookedAt.evaluated !== step) {
      await this.#evaluate()
      this.#lookedAt = { ...this.#lookedAt, evaluated: step }
    }
  }

  /** One step and what is said of it. */
  async #advance(done: () => number): Promise<void> {
    const { trainer, folder, options } = this.#parts
    const started = performance.now()
    const { siteLoss, positions } = await this.#step(done())
    const { step } = trainer
    this.positions += positions
    this.#losses = { sum: this.#losses.sum + siteLoss, count: this.#losses.count + 1 }
    const loss = this.#losses.sum / this.#losses.count
    this.#rate.add(positions, (performance.now() - started) / 1000)
    const positionsPerSecond = this.#rate.mean
    options.onProgress?.({ step, done: done(), loss, positionsPerSecond, selection: this.#best?.evaluation })
    if (step % reportSteps !== 0) return
    await folder.addMetrics({ step, loss, positionsPerSecond: Math.round(positionsPerSecond), elapsed: this.elapsed })
    this.#losses = { sum: 0, count: 0 }
    this.#rate.clear()
  }

  async #step(done: number): Promise<{ siteLoss: number; positions: number }> {
    const { trainer, folder } = this.#parts
    try {
      return await trainer.next(done)
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause
      await this.#saveIfGood()
      throw new FormatError({
        where: folder.name,
        what: cause.message,
        remedy: `the last good state is kept in ${folder.partial}`,
        cause,
      })
    }
  }

  #trial(tensors: Tensors) {
    const { genome, architecture, options } = this.#parts
    return { backend: options.backend, genome, architecture, tensors, signal: options.signal }
  }

  async #mine(): Promise<void> {
    const { trainer, data, options } = this.#parts
    // A generator of its own: what is drawn depends on the step alone.
    const random = new Random((options.seed ?? 1) * 1_000_003 + trainer.step)
    trainer.setDecoys(await mineDecoys(this.#trial(trainer.averageTensors()), data, random))
  }

  async #evaluate(): Promise<void> {
    const { trainer, selection, folder, options } = this.#parts
    const tensors = trainer.averageTensors()
    if (selection.length === 0) {
      this.#best = undefined
      return
    }
    const evaluation = await evaluate(this.#trial(tensors), selection)
    await folder.addMetrics({ step: trainer.step, selection: evaluation })
    const { acceptor, donor } = evaluation
    options.onNote?.(
      `step ${trainer.step}: genes for choosing: top-k ${acceptor.topK.toFixed(3)} / ${donor.topK.toFixed(3)}, average precision ${acceptor.averagePrecision.toFixed(3)} / ${donor.averagePrecision.toFixed(3)} (acceptor / donor)`,
    )
    const best = this.#best?.evaluation
    if (!best || meanPrecision(evaluation) > meanPrecision(best))
      this.#best = { step: trainer.step, evaluation, tensors }
  }

  /** Keeps the weights, which are those of the step before, unless they are what went wrong: then the state before stays. */
  async #saveIfGood(): Promise<void> {
    const { tensors } = this.#parts.trainer.state()
    const isGood = [...tensors.values()].every(({ data }) => data.every(Number.isFinite))
    if (isGood) await this.save()
  }

  async save(): Promise<void> {
    const { trainer, folder, record } = this.#parts
    const { tensors, ...state } = trainer.state()
    const all = new Map<string, NamedTensor>(tensors)
    for (const [name, tensor] of this.#best?.tensors ?? []) all.set(`best.${name}`, tensor)
    const best = this.#best?.evaluation && { step: this.#best.step, evaluation: this.#best.evaluation }
    const numbers: Numbers = {
      record,
      trainer: state,
      elapsed: this.elapsed,
      positions: this.positions,
      losses: this.#losses,
      metricsCount: folder.metricsCount,
      lookedAt: this.#lookedAt,
      best,
    }
    await folder.save(writeState({ numbers, tensors: all }))
  }

  /** Takes up what `save` left; false where there is nothing. @throws FormatError where it is another training's */
  async restore(): Promise<boolean> {
    const { trainer, folder, record } = this.#parts
    const found = await folder.load()
    if (!found) {
      await folder.cutMetrics(0)
      return false
    }
    const { numbers, tensors } = readState<Numbers>(found.bytes, found.path)
    expectSameTraining(folder.name, numbers.record, record)
    trainer.restore({ ...numbers.trainer, tensors })
    this.#elapsedBefore = numbers.elapsed
    this.positions = numbers.positions
    this.#losses = numbers.losses
    this.#lookedAt = numbers.lookedAt
    if (numbers.best) {
      const best: Tensors = new Map()
      for (const [name, tensor] of tensors) if (name.startsWith('best.')) best.set(name.slice('best.'.length), tensor)
      this.#best = { ...numbers.best, tensors: best }
    }
    await folder.cutMetrics(numbers.metricsCount)
    return true
  }
}
