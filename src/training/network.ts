import type { Backend } from '../kernels/backend.ts'
import { type Tensor, view } from '../kernels/tensor.ts'
import type { OpenSpliceArchitecture, SpliceHyenaArchitecture } from '../model/checkpoint.ts'
import { receptiveFieldOf, unitMargin } from '../model/receptive-field.ts'
import { oneHotTable } from '../model/splice/window-network.ts'
import { auxiliaryPrefix, segmentCount, type Tensors, type TrainableArchitecture } from './architectures.ts'
import { Pass, transposed } from './pass.ts'
import { type TrainedUnit, UnitStack } from './residual-units.ts'

const layerNormEpsilon = 1e-5
export const defaultBatchNormEpsilon = 1e-5

/**
 * A row of training windows side by side. Convolutions have no padding inside: of the row's results only those are exact whose whole
 * receptive field is one window's, and only they carry labels; gradients are therefore exactly those of the windows one by one.
 */
export interface TrainingRow {
  readonly codes: Float32Array // [halo + length + halo], 0..3, 4 unknown
  readonly labels: Float32Array // [length]: 0 neither, 1 acceptor, 2 donor, -1 no loss
  readonly segments?: Float32Array // [length]: auxiliary target, -1 no loss
}

export interface LossAndGradients {
  /** Mean cross-entropy over labelled positions, natural logarithm. */
  readonly siteLoss: number
  readonly segmentLoss: number | undefined
  /** Of `siteWeight · siteLoss + segmentWeight · segmentLoss`, by parameter, each in its own shape. */
  readonly gradients: Map<string, Float32Array>
}

export interface LossOptions {
  readonly siteWeight: number
  readonly segmentWeight: number
  /** By residual unit: factors of the channels between its convolutions (dropout). */
  readonly channelFactors?: readonly Float32Array[]
}

/** Positions on each side of a label that its prediction depends on. */
export const haloOf = (architecture: TrainableArchitecture): number => receptiveFieldOf(architecture).left

/** The parameters that are trained: all but the statistics of batch norms. */
export const trainedNames = (tensors: Tensors): string[] =>
  [...tensors.keys()].filter((name) => !/\.running_(mean|var)$/.test(name))

/** Scale and shift that a batch norm with fixed statistics is. */
interface Normalizer {
  readonly inverse: Float64Array // 1 / sqrt(variance + epsilon)
  readonly mean: Float32Array
}

interface Units {
  readonly units: TrainedUnit[]
  /** Turns gradients of scale and shift into those of the parameters. */
  finish(gradients: Map<string, Float32Array>): void
}

/** The residual units as trained affine maps and convolutions. */
export function trainedUnits(
  architecture: TrainableArchitecture,
  tensors: Tensors,
  channelFactors?: readonly Float32Array[],
): Units {
  const corrections: ((gradients: Map<string, Float32Array>) => void)[] = []
  const isOurs = architecture.kind === 'splice-hyena'
  const affine = (prefix: string, layer: 1 | 2, factors: Float32Array | undefined) => {
    const [scaleName, shiftName] = isOurs
      ? [`${prefix}.aff${layer}.scale`, `${prefix}.aff${layer}.shift`]
      : [`${prefix}.batchnorm${layer}.weight`, `${prefix}.batchnorm${layer}.bias`]
    const normalizer = isOurs ? undefined : normalizerOf(tensors, `${prefix}.batchnorm${layer}`, architecture)
    const [weight, bias] = [tensors.get(scaleName)!.data, tensors.get(shiftName)!.data]
    const inverse = (c: number): number => normalizer?.inverse[c] ?? 1
    const mean = (c: number): number => normalizer?.mean[c] ?? 0
    const factor = (c: number): number => factors?.[c] ?? 1
    corrections.push((gradients) => {
      const [scaleGradient, shiftGradient] = [gradients.get(scaleName)!, gradients.get(shiftName)!]
      for (let c = 0; c < weight.length; c++) {
        scaleGradient[c] = factor(c) * inverse(c) * (scaleGradient[c] - mean(c) * shiftGradient[c])
        shiftGradient[c] *= factor(c)
      }
    })
    return {
      scale: weight.map((w, c) => factor(c) * w * inverse(c)),
      shift: bias.map((b, c) => factor(c) * (b - mean(c) * weight[c] * inverse(c))),
      scaleName,
      shiftName,
    }
  }
  const shapes = isOurs ? architecture.blocks : architecture.units
  const units = shapes.map((shape, i): TrainedUnit => {
    const { width, dilation } = shape as { width: number; dilation: number }
    const prefix = isOurs ? `blocks.${i}` : `residual_units.${i + Math.floor(i / 4)}`
    return {
      prefix,
      width,
      dilation,
      affine1: affine(prefix, 1, undefined),
      affine2: affine(prefix, 2, channelFactors?.[i]),
    }
  })
  return {
    units,
    finish: (gradients) => {
      for (const correct of corrections) correct(gradients)
    },
  }
}

function normalizerOf(tensors: Tensors, prefix: string, { batchNormEpsilon }: OpenSpliceArchitecture): Normalizer {
  const epsilon = batchNormEpsilon ?? defaultBatchNormEpsilon
  return {
    inverse: Float64Array.from(tensors.get(`${prefix}.running_var`)!.data, (v) => 1 / Math.sqrt(v + epsilon)),
    mean: tensors.get(`${prefix}.running_mean`)!.data,
  }
}

/** Loss of a row and its gradient by every trained parameter. Everything is queued, then read at once. */
export async function lossAndGradients(
  backend: Backend,
  architecture: TrainableArchitecture,
  tensors: Tensors,
  row: TrainingRow,
  options: LossOptions,
): Promise<LossAndGradients> {
  const isUsed = (name: string): boolean => row.segments !== undefined || !name.startsWith(auxiliaryPrefix)
  const pass = new Pass(backend, tensors, trainedNames(tensors).filter(isUsed))
  try {
    const { units, finish } = trainedUnits(architecture, tensors, options.channelFactors)
    const loss = new Loss(pass, row, options)
    const codes = pass.tensor(1, row.codes.length)
    backend.write(codes, row.codes)
    const oneHot = pass.tensor(4, row.codes.length)
    backend.ops.embedding({ out: oneHot, codes, table: pass.upload(oneHotTable(), [5, 4]) })
    if (architecture.kind === 'splice-hyena') queueSplice(pass, architecture, units, oneHot, loss)
    else queueOpenSplice(pass, architecture, units, oneHot, loss)
    const [gradients, values] = await Promise.all([pass.readGradients(), loss.read()])
    finish(gradients)
    return { gradients, ...values }
  } finally {
    pass.release()
  }
}

/** The losses at the network's end. */
class Loss {
  readonly #pass: Pass
  readonly #row: TrainingRow
  readonly #options: LossOptions
  readonly #values: { readonly losses: Tensor; readonly count: number }[] = []

  constructor(pass: Pass, row: TrainingRow, options: LossOptions) {
    this.#pass = pass
    this.#row = row
    this.#options = options
  }

  get length(): number {
    return this.#row.labels.length
  }
  get hasSegments(): boolean {
    return this.#row.segments !== undefined
  }

  /** Queues the gradient by the logits, in their place. */
  queue(logits: Tensor, kind: 'sites' | 'segments'): void {
    const pass = this.#pass
    const labels = kind === 'sites' ? this.#row.labels : this.#row.segments!
    const count = labels.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0)
    const weight = kind === 'sites' ? this.#options.siteWeight : this.#options.segmentWeight
    const tensor = pass.tensor(1, labels.length)
    pass.backend.write(tensor, labels)
    const losses = pass.tensor(1, labels.length)
    pass.backend.ops.crossEntropy({
      gradient: logits,
      loss: losses,
      logits,
      labels: tensor,
      scale: weight / Math.max(1, count),
    })
    this.#values.push({ losses, count })
  }

  async read(): Promise<{ siteLoss: number; segmentLoss: number | undefined }> {
    const means = await Promise.all(
      this.#values.map(async ({ losses, count }) => {
        const values = await this.#pass.backend.read(losses)
        return values.reduce((sum, v) => sum + v, 0) / Math.max(1, count)
      }),
    )
    return { siteLoss: means[0], segmentLoss: means[1] }
  }
}

/** A map of one position to one position: its weight's gradient, and the gradient of its input (added to `residual`). */
function backThroughLayer(
  pass: Pass,
  name: string,
  input: Tensor,
  gradient: Tensor,
  out?: Tensor,
  residual?: Tensor,
): void {
  pass.backend.ops.dilatedConvWeights({
    weightGradient: pass.gradientOf(`${name}.weight`),
    biasGradient: pass.gradientOf(`${name}.bias`),
    input,
    gradient,
    width: 1,
    dilation: 1,
  })
  if (!out) return
  const weight = transposed(pass.host(`${name}.weight`))
  pass.backend.ops.linear({ out, input: gradient, weight: pass.upload(weight.data, weight.shape), residual })
}

function queueSplice(
  pass: Pass,
  { modelWidth, stemWidth }: SpliceHyenaArchitecture,
  units: readonly TrainedUnit[],
  oneHot: Tensor,
  loss: Loss,
): void {
  const { ops } = pass.backend
  const stack = new UnitStack(pass)
  let r = pass.tensor(modelWidth, oneHot.length - (stemWidth - 1))
  ops.dilatedConv({ out: r, input: oneHot, ...pass.layer('stem'), dilation: 1 })
  for (const unit of units) r = stack.forward(unit, r)

  const norm = { weight: pass.weights('norm.weight'), bias: pass.weights('norm.bias'), epsilon: layerNormEpsilon }
  const identity = Float32Array.from({ length: modelWidth ** 2 }, (_, k) => (k % (modelWidth + 1) === 0 ? 1 : 0))
  const normalized = pass.tensor(modelWidth, loss.length)
  ops.linear({ out: normalized, input: r, norm, weight: pass.upload(identity, [modelWidth, modelWidth]) })
  const reached = pass.tensor(modelWidth, loss.length)
  const heads = [
    { name: 'head', kind: 'sites', classCount: 3 },
    { name: auxiliaryPrefix.slice(0, -1), kind: 'segments', classCount: segmentCount },
  ] as const
  for (const [k, { name, kind, classCount }] of heads.slice(0, loss.hasSegments ? 2 : 1).entries()) {
    const logits = pass.tensor(classCount, loss.length)
    ops.linear({ out: logits, input: normalized, ...pass.layer(name) })
    loss.queue(logits, kind)
    backThroughLayer(pass, name, normalized, logits, reached, k === 0 ? undefined : reached)
  }

  const { margin } = stack
  let gradient = pass.tensor(modelWidth, r.length + 2 * margin)
  pass.clearEnds(gradient, margin)
  ops.normGradient({
    out: view(gradient, { start: margin, length: r.length }),
    weightGradient: pass.gradientOf('norm.weight'),
    biasGradient: pass.gradientOf('norm.bias'),
    input: r,
    gradient: reached,
    norm,
  })
  for (let i = 0; i < units.length; i++) gradient = stack.backward(gradient)
  ops.dilatedConvWeights({
    weightGradient: pass.gradientOf('stem.weight'),
    biasGradient: pass.gradientOf('stem.bias'),
    input: oneHot,
    gradient,
    width: stemWidth,
    dilation: 1,
  })
}

function queueOpenSplice(
  pass: Pass,
  { channelCount, slope }: OpenSpliceArchitecture,
  units: readonly TrainedUnit[],
  oneHot: Tensor,
  loss: Loss,
): void {
  const { backend } = pass
  const { ops } = backend
  const stack = new UnitStack(pass, slope)
  /** Skip connections leave after these units, from the part of x that stands over the core. */
  const skips = new Map([[0, 'initial_skip.conv']])
  for (let k = 1; 4 * k <= units.length; k++) skips.set(4 * k, `residual_units.${5 * k - 1}.conv`)
  const matrix = (name: string) => ({
    weight: pass.weights(`${name}.weight`, pass.host(`${name}.weight`).shape.slice(0, 2)),
    bias: pass.weights(`${name}.bias`),
  })
  const coreOf = (x: Tensor): Tensor => view(x, { start: (x.length - loss.length) / 2, length: loss.length })

  let x = pass.tensor(channelCount, oneHot.length)
  ops.linear({ out: x, input: oneHot, ...matrix('initial_conv') })
  const sum = pass.tensor(channelCount, loss.length)
  const kept = new Map<number, Tensor>()
  const addSkip = (done: number): void => {
    const name = skips.get(done)
    if (!name) return
    kept.set(done, x)
    ops.linear({ out: sum, input: coreOf(x), ...matrix(name), residual: done === 0 ? undefined : sum })
  }
  addSkip(0)
  const margins = units.map(unitMargin)
  for (const [i, unit] of units.entries()) {
    x = stack.forward(unit, x)
    addSkip(i + 1)
  }
  const logits = pass.tensor(3, loss.length)
  ops.linear({ out: logits, input: sum, ...matrix('final_conv') })
  loss.queue(logits, 'sites')
  const sumGradient = pass.tensor(channelCount, loss.length)
  backThroughLayer(pass, 'final_conv', sum, logits, sumGradient)

  const last = margins.at(-1) ?? 0
  let gradient = pass.tensor(channelCount, x.length + 2 * last)
  pass.clearEnds(gradient, last)
  /** Adds what reaches x by the skip connection that leaves there. */
  const backSkip = (done: number): void => {
    const name = skips.get(done)
    if (!name) return
    const place = coreOf(gradient)
    backThroughLayer(pass, name, coreOf(kept.get(done)!), sumGradient, place, done === units.length ? undefined : place)
  }
  backSkip(units.length)
  for (let done = units.length - 1; done >= 0; done--) {
    gradient = stack.backward(gradient)
    backSkip(done)
  }
  backThroughLayer(pass, 'initial_conv', oneHot, gradient)
}
