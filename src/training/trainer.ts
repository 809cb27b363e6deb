import { FormatError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import type { NamedTensor } from '../model/checkpoint.ts'
import { auxiliaryPrefix, type Tensors, type TrainableArchitecture } from './architectures.ts'
import { calibrate } from './calibrate.ts'
import { haloOf, lossAndGradients, trainedNames } from './network.ts'
import { Optimizer } from './optimizer.ts'
import { Random } from './random.ts'
import { Sampler, type WindowShape } from './sampler.ts'
import type { Anchor, TrainingData } from './training-data.ts'

export interface TrainerOptions {
  readonly architecture: TrainableArchitecture
  readonly seed: number
  /** Factor of all learning rates: smaller where the weights are good already. */
  readonly rateFactor: number
}

/** Of AdamW and Muon. */
const rates = { rate: 3e-3, muonRate: 0.02, decay: 0.02, clip: 2 }
const warmupSteps = 200
/** Where the cosine ends. */
const leastRate = 0.02
/** A site weighs as much as 192 positions' mean. */
const lossWeights = { siteWeight: 192, segmentWeight: 0.5 }
const dropout = 0.1
const averageKept = 0.999
const positionsPerStep = 32_768
const leastCore = 1024
const fewestWindows = 2

/** Windows of a step: cores as long as the halo on each side, at least 1,024 positions. */
function windowShapeOf(architecture: TrainableArchitecture): WindowShape {
  const halo = haloOf(architecture)
  const core = Math.max(leastCore, halo)
  return { core, halo, count: Math.max(fewestWindows, Math.round(positionsPerStep / (core + 2 * halo))) }
}

/** Bytes of a step's activations, gradients and weights, about. */
export function stepBytes(architecture: TrainableArchitecture): number {
  const { core, halo, count } = windowShapeOf(architecture)
  const [units, channels] =
    architecture.kind === 'openspliceai'
      ? [architecture.units.length, architecture.channelCount]
      : [architecture.blocks.length, architecture.modelWidth]
  return 4 * channels * (2 * units + 6) * count * (core + 2 * halo)
}

export interface StepReport {
  readonly step: number
  readonly siteLoss: number
  readonly segmentLoss: number | undefined
  readonly positions: number
}

/** All that the next step depends on, besides data, device and number of threads. */
export interface TrainerState {
  readonly step: number
  readonly random: readonly number[]
  readonly decoys: readonly Anchor[]
  readonly tensors: ReadonlyMap<string, NamedTensor>
}

/** Takes training steps. */
export class Trainer {
  readonly #options: TrainerOptions
  readonly #backend: Backend
  readonly #random: Random
  readonly #sampler: Sampler
  readonly #optimizer: Optimizer
  readonly #tensors: Tensors
  readonly #average: Tensors
  readonly shape: WindowShape
  #decoys: readonly Anchor[] = []
  #step = 0

  /** `tensors` become the trainer's own. */
  constructor(backend: Backend, tensors: Tensors, data: TrainingData, options: TrainerOptions) {
    this.#backend = backend
    this.#tensors = tensors
    this.#average = copyOf(tensors)
    this.#options = options
    this.#random = new Random(options.seed)
    this.shape = windowShapeOf(options.architecture)
    this.#sampler = new Sampler(data, this.#random, this.shape)
    const { rate, muonRate } = rates
    this.#optimizer = new Optimizer({
      ...rates,
      rate: rate * options.rateFactor,
      muonRate: muonRate * options.rateFactor,
    })
  }

  get step(): number {
    return this.#step
  }
  get siteCount(): number {
    return this.#sampler.siteCount
  }

  /** For fresh weights, before the first step. */
  async calibrate(): Promise<void> {
    await calibrate(this.#backend, this.#options.architecture, this.#tensors, this.#sampler.row())
    for (const [name, { data }] of this.#tensors) this.#average.get(name)!.data.set(data)
  }

  setDecoys(decoys: readonly Anchor[]): void {
    this.#decoys = decoys
    this.#sampler.setDecoys(decoys)
  }

  /**
   * One step; `done` is the part of the whole training that lies behind it, 0 to 1.
   *
   * @throws FormatError where the loss or a gradient is not finite: the weights are then as before the step
   */
  async next(done: number): Promise<StepReport> {
    const { architecture } = this.#options
    const channelFactors = this.#dropout()
    const row = this.#sampler.row()
    const hasAuxiliary = [...this.#tensors.keys()].some((name) => name.startsWith(auxiliaryPrefix))
    const { siteLoss, segmentLoss, gradients } = await lossAndGradients(
      this.#backend,
      architecture,
      this.#tensors,
      hasAuxiliary ? row : { codes: row.codes, labels: row.labels },
      { ...lossWeights, channelFactors },
    )
    const areNumbers = [...gradients.values()].every((g) => g.every(Number.isFinite))
    if (!Number.isFinite(siteLoss) || !areNumbers)
      throw new FormatError({
        where: `step ${this.#step + 1}`,
        what: 'the loss or a gradient is not finite',
        expected: 'numbers',
        got: `a loss of ${siteLoss}`,
      })
    const factor =
      Math.min(1, (this.#step + 1) / warmupSteps) * Math.max(leastRate, (1 + Math.cos(Math.PI * Math.min(1, done))) / 2)
    this.#step++
    this.#optimizer.step(this.#tensors, gradients, this.#step, factor)
    this.#averageWeights()
    return { step: this.#step, siteLoss, segmentLoss, positions: row.codes.length }
  }

  /** Channels of each unit left out for this step, the others scaled up. */
  #dropout(): Float32Array[] {
    const { architecture } = this.#options
    const [units, channels] =
      architecture.kind === 'openspliceai'
        ? [architecture.units.length, architecture.channelCount]
        : [architecture.blocks.length, architecture.modelWidth]
    return Array.from({ length: units }, () =>
      Float32Array.from({ length: channels }, () => (this.#random.uniform() < dropout ? 0 : 1 / (1 - dropout))),
    )
  }

  #averageWeights(): void {
    const kept = Math.min(averageKept, 1 - 1 / (1 + this.#step / 5))
    for (const name of trainedNames(this.#tensors)) {
      const [from, to] = [this.#tensors.get(name)!.data, this.#average.get(name)!.data]
      for (let k = 0; k < from.length; k++) to[k] += (1 - kept) * (from[k] - to[k])
    }
  }

  /** The moving average of the weights, auxiliary parts left out: what is evaluated and written. */
  averageTensors(): Tensors {
    return copyOf(new Map([...this.#average].filter(([name]) => !name.startsWith(auxiliaryPrefix))))
  }

  state(): TrainerState {
    const tensors = new Map<string, NamedTensor>()
    for (const [name, tensor] of this.#tensors) tensors.set(`weights.${name}`, tensor)
    for (const [name, tensor] of this.#average) tensors.set(`average.${name}`, tensor)
    for (const [name, data] of this.#optimizer.moments) tensors.set(`moments.${name}`, { shape: [data.length], data })
    return { step: this.#step, random: this.#random.state, decoys: this.#decoys, tensors }
  }

  /** Sets a state that `state` gave, for the same architecture. */
  restore({ step, random, decoys, tensors }: TrainerState): void {
    this.#step = step
    this.#random.state = random
    this.setDecoys(decoys)
    for (const [key, { data }] of tensors) {
      const [kind, name] = [key.slice(0, key.indexOf('.')), key.slice(key.indexOf('.') + 1)]
      if (kind === 'moments') this.#optimizer.moments.set(name, data.slice())
      if (kind === 'weights') this.#tensors.get(name)?.data.set(data)
      if (kind === 'average') this.#average.get(name)?.data.set(data)
    }
  }
}

const copyOf = (tensors: Tensors): Tensors =>
  new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
