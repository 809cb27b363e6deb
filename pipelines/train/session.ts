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
import { readState, writeState } from './state-file.ts'

const saveSeconds = 120
/** Losses are averaged over so many. */
const reportSteps = 20

/** What a state file says besides its tensors. */
interface Numbers {
  /** What was asked for: a training is resumed with the same only. */
  readonly record: Readonly<Record<string, unknown>>
  readonly trainer: Omit<TrainerState, 'tensors'>
  readonly elapsed: number
  readonly positions: number
  readonly best?: { readonly step: number; readonly evaluation: Evaluation }
}

interface Parts {
  readonly trainer: Trainer
  readonly data: TrainingData
  readonly genome: Genome
  readonly architecture: TrainableArchitecture
  readonly selection: readonly Transcript[]
  readonly folder: TrainingFolder
  readonly schedule: Schedule
  readonly record: Readonly<Record<string, unknown>>
  readonly options: TrainOptions
}

/** Trains step by step, evaluates, keeps the best weights, saves. */
export class Session {
  readonly #parts: Parts
  #best: { readonly step: number; readonly evaluation?: Evaluation; readonly tensors: Tensors } | undefined
  /** Seconds of earlier parts of this training. */
  #elapsedBefore = 0
  readonly #startTime = performance.now()
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
    const { trainer, schedule, folder, options } = this.#parts
    let sums = { loss: 0, count: 0, positions: 0, since: performance.now() }
    let lastSave = performance.now()
    const done = (): number => partDone(schedule, trainer.step, this.elapsed)
    if (trainer.step === 0 && options.from) await this.#evaluate()
    while (done() < 1) {
      if (options.signal?.aborted) {
        await this.save()
        options.signal.throwIfAborted()
      }
      const { siteLoss, positions } = await this.#step(done())
      this.positions += positions
      sums = { ...sums, loss: sums.loss + siteLoss, count: sums.count + 1, positions: sums.positions + positions }
      const { step } = trainer
      const loss = sums.loss / sums.count
      const positionsPerSecond = sums.positions / ((performance.now() - sums.since) / 1000)
      options.onProgress?.({ step, done: done(), loss, positionsPerSecond, selection: this.#best?.evaluation })
      if (step % reportSteps === 0) {
        await folder.addMetrics({
          step,
          loss,
          positionsPerSecond: Math.round(positionsPerSecond),
          elapsed: this.elapsed,
        })
        sums = { loss: 0, count: 0, positions: 0, since: performance.now() }
      }
      if (isMiningStep(trainer.step)) await this.#mine()
      if (trainer.step % schedule.evaluateEvery === 0 && done() < 1) {
        await this.#evaluate()
        sums = { ...sums, since: performance.now() }
      }
      if (performance.now() - lastSave > saveSeconds * 1000) {
        await this.save()
        lastSave = performance.now()
      }
    }
    await this.#evaluate()
  }

  async #step(done: number): Promise<{ siteLoss: number; positions: number }> {
    const { trainer, folder } = this.#parts
    try {
      return await trainer.next(done)
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause
      await this.save() // the weights are those of the step before
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

  async save(): Promise<void> {
    const { trainer, folder, record } = this.#parts
    const { tensors, ...state } = trainer.state()
    const all = new Map<string, NamedTensor>(tensors)
    for (const [name, tensor] of this.#best?.tensors ?? []) all.set(`best.${name}`, tensor)
    const best = this.#best?.evaluation && { step: this.#best.step, evaluation: this.#best.evaluation }
    const numbers: Numbers = { record, trainer: state, elapsed: this.elapsed, positions: this.positions, best }
    await folder.save(writeState({ numbers, tensors: all }))
  }

  /** Takes up what `save` left. @throws FormatError where it is another training's */
  async restore(): Promise<void> {
    const { trainer, folder, record } = this.#parts
    const { bytes, path } = await folder.load()
    const { numbers, tensors } = readState<Numbers>(bytes, path)
    for (const [key, value] of Object.entries(record)) {
      if (JSON.stringify(numbers.record[key]) === JSON.stringify(value)) continue
      throw new FormatError({
        where: folder.name,
        what: `the training that was begun there differs in its ${key}`,
        expected: JSON.stringify(numbers.record[key]),
        got: JSON.stringify(value),
        remedy: 'give the same options, or leave `resume` out to begin anew',
      })
    }
    trainer.restore({ ...numbers.trainer, tensors })
    this.#elapsedBefore = numbers.elapsed
    this.positions = numbers.positions
    if (numbers.best) {
      const best: Tensors = new Map()
      for (const [name, tensor] of tensors) if (name.startsWith('best.')) best.set(name.slice('best.'.length), tensor)
      this.#best = { ...numbers.best, tensors: best }
    }
    await folder.cutMetrics(trainer.step)
  }
}
