import { FormatError, ShapeError } from '../../errors.ts'
import type { NamedTensor, OpenSpliceArchitecture } from '../checkpoint.ts'
import type { Hdf5File } from './hdf5.ts'
import { type KerasLayer, parseKerasGraph } from './keras-graph.ts'
import { TensorPicker } from './tensor-picker.ts'

const unitsPerSkip = 4

/** Layers by their places in the network, found by following the graph back from its output. */
interface Trunk {
  readonly first: KerasLayer
  readonly units: readonly { readonly layers: readonly KerasLayer[] }[] // norm, conv, norm, conv each
  /** The first is of the first convolution's output, each other of the output of four more units. */
  readonly skips: readonly KerasLayer[]
  readonly last: KerasLayer
  readonly cropped: number
}

/**
 * Reads SpliceAI's own Keras models: the network of docs/models.md, section 2, with ReLU. Layers are told by the graph, and
 * come out under the names of an OpenSpliceAI checkpoint.
 *
 * @throws FormatError, ShapeError naming layer or dataset
 */
export function readSpliceAi(file: Hdf5File): {
  architecture: OpenSpliceArchitecture
  tensors: ReadonlyMap<string, NamedTensor>
} {
  const text = file.attributes.get('model_config')
  if (text === undefined)
    throw new FormatError({
      where: file.where,
      what: 'no model in this HDF5 file',
      expected: 'the attribute model_config',
      remedy: 'weights alone do not say which layer is which: save the whole model',
    })
  const trunk = new Graph(text, file.where).trunk()
  const dataset = (layer: KerasLayer, part: string): string => `model_weights/${layer.name}/${layer.name}/${part}:0`
  const picker = new TensorPicker(file, new Map([...file.tensors.keys()].map((name) => [name, name])))
  const channelCount = picker.shape(dataset(trunk.first, 'kernel'), 3)[2]
  const tensors = new Map<string, NamedTensor>()
  const conv = (name: string, layer: KerasLayer, inputs: number, outputs: number): number => {
    const width = picker.shape(dataset(layer, 'kernel'), 3)[0]
    const kernel = picker.take(dataset(layer, 'kernel'), [width, inputs, outputs])
    tensors.set(`${name}.weight`, {
      shape: [outputs, inputs, width],
      data: turned(kernel.data, width, inputs, outputs),
    })
    tensors.set(`${name}.bias`, picker.take(dataset(layer, 'bias'), [outputs]))
    return width
  }
  const norm = (name: string, layer: KerasLayer): void => {
    const parts = { weight: 'gamma', bias: 'beta', running_mean: 'moving_mean', running_var: 'moving_variance' }
    for (const [ours, theirs] of Object.entries(parts))
      tensors.set(`${name}.${ours}`, picker.take(dataset(layer, theirs), [channelCount]))
  }
  const pointwise = (name: string, layer: KerasLayer, inputs: number, outputs: number): void => {
    const width = conv(name, layer, inputs, outputs)
    if (width === 1) return
    const where = `${file.where} layer ${layer.name}`
    throw new ShapeError({
      where,
      what: 'not a SpliceAI network',
      expected: 'a convolution of width 1',
      got: `${width}`,
    })
  }
  pointwise('initial_conv', trunk.first, 4, channelCount)
  pointwise('initial_skip.conv', trunk.skips[0], channelCount, channelCount)
  const units = trunk.units.map(({ layers: [norm1, conv1, norm2, conv2] }, i) => {
    const prefix = `residual_units.${i + Math.floor(i / unitsPerSkip)}`
    norm(`${prefix}.batchnorm1`, norm1)
    norm(`${prefix}.batchnorm2`, norm2)
    const width = conv(`${prefix}.conv1`, conv1, channelCount, channelCount)
    const width2 = conv(`${prefix}.conv2`, conv2, channelCount, channelCount)
    if (width !== width2)
      throw new ShapeError({
        where: `${file.where} layer ${conv2.name}`,
        what: 'not a SpliceAI network',
        expected: `the width of the unit's first convolution, ${width}`,
        got: `${width2}`,
      })
    return { width, dilation: dilationOf(conv1) }
  })
  for (const [k, skip] of trunk.skips.slice(1).entries())
    pointwise(`residual_units.${unitsPerSkip + k * (unitsPerSkip + 1)}.conv`, skip, channelCount, channelCount)
  pointwise('final_conv', trunk.last, channelCount, 3)
  const contextBases = 2 * units.reduce((sum, { width, dilation }) => sum + dilation * (width - 1), 0)
  if (contextBases !== 2 * trunk.cropped)
    throw new FormatError({
      where: file.where,
      what: 'not a SpliceAI network',
      expected: `a cropping of ${contextBases / 2}, as much as its convolutions see`,
      got: `${trunk.cropped}`,
    })
  const epsilons = new Set(trunk.units.flatMap(({ layers }) => [layers[0], layers[2]].map((l) => l.config['epsilon'])))
  const [batchNormEpsilon] = epsilons
  if (epsilons.size !== 1 || typeof batchNormEpsilon !== 'number' || !(batchNormEpsilon > 0))
    throw new FormatError({ where: file.where, what: 'not a SpliceAI network', expected: 'one epsilon of all norms' })
  return {
    architecture: { kind: 'openspliceai', channelCount, contextBases, units, slope: 0, batchNormEpsilon },
    tensors,
  }
}

/** `[width][inputs][outputs]` -> `[outputs][inputs][width]`. */
function turned(data: Float32Array, width: number, inputs: number, outputs: number): Float32Array {
  const out = new Float32Array(data.length)
  for (let j = 0; j < width; j++)
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) out[(o * inputs + i) * width + j] = data[(j * inputs + i) * outputs + o]
  return out
}

const firstNumber = (value: unknown): number => (Array.isArray(value) && typeof value[0] === 'number' ? value[0] : 0)
const dilationOf = ({ config }: KerasLayer): number => firstNumber(config['dilation_rate'])

/** Follows a graph of Keras back from its output, and refuses what is not the network's pattern. */
class Graph {
  readonly #layers: ReadonlyMap<string, KerasLayer>
  readonly #output: string
  readonly #where: string

  constructor(text: string, where: string) {
    const { layers, output } = parseKerasGraph(text, where)
    this.#layers = layers
    this.#output = output
    this.#where = where
  }

  trunk(): Trunk {
    const last = this.#is(this.#output, 'Conv1D', { activation: 'softmax' })
    const crop = this.#is(last.inputs[0], 'Cropping1D')
    const [left, right] = [crop.config['cropping']].flat(2)
    if (typeof left !== 'number' || left !== right) throw this.#fail(crop.name, 'the same cropping on both sides')
    // skips: Add(Add(first, second), third) …
    const skips: KerasLayer[] = []
    let sum = this.#layer(crop.inputs[0])
    while (sum.className === 'Add') {
      const [before, skip] = this.#addends(sum, (layer) => layer.className === 'Conv1D' && this.#isSkip(layer))
      skips.unshift(skip)
      sum = before
    }
    skips.unshift(this.#is(sum.name, 'Conv1D'))
    const first = this.#is(skips[0].inputs[0], 'Conv1D')
    this.#is(first.inputs[0], 'InputLayer')
    const units: { layers: KerasLayer[] }[] = []
    const joints: string[] = []
    let x = this.#layer(skips[skips.length - 1].inputs[0])
    while (x.name !== first.name) {
      joints.unshift(x.name)
      if (x.className !== 'Add' || units.length >= this.#layers.size) throw this.#fail(x.name, 'a residual unit')
      const [before, conv2] = this.#addends(x, (layer) => layer.className === 'Conv1D' && layer.name !== first.name)
      const [norm2, conv1] = this.#half(conv2)
      const [norm1, input] = this.#half(conv1)
      if (input.name !== before.name || dilationOf(conv1) !== dilationOf(conv2))
        throw this.#fail(x.name, 'a residual unit: input and two convolutions of one dilation')
      units.unshift({ layers: [norm1, conv1, norm2, conv2] })
      x = before
    }
    const isRegular = skips.every((skip, k) => skip.inputs[0] === (k === 0 ? first.name : joints[k * unitsPerSkip - 1]))
    if (!isRegular || units.length !== (skips.length - 1) * unitsPerSkip)
      throw this.#fail(last.name, `a skip after every ${unitsPerSkip} units`)
    return { first, units, skips, last, cropped: left }
  }

  /** A skip's convolution is of width 1 and takes a sum. */
  #isSkip({ config, inputs }: KerasLayer): boolean {
    return firstNumber(config['kernel_size']) === 1 && this.#layer(inputs[0]).className === 'Add'
  }

  /** The norm before a convolution's ReLU, and what goes into that. */
  #half(conv: KerasLayer): [KerasLayer, KerasLayer] {
    if (conv.config['padding'] !== 'same' || firstNumber(conv.config['strides']) !== 1 || !(dilationOf(conv) >= 1))
      throw this.#fail(conv.name, 'a dilated convolution with padding same')
    const relu = this.#is(conv.inputs[0], 'Activation', { activation: 'relu' })
    const norm = this.#is(relu.inputs[0], 'BatchNormalization')
    return [norm, this.#layer(norm.inputs[0])]
  }

  /** A sum's two addends, the one that `isWanted` second. */
  #addends({ name, inputs }: KerasLayer, isWanted: (layer: KerasLayer) => boolean): [KerasLayer, KerasLayer] {
    const [a, b] = inputs.map((input) => this.#layer(input))
    if (inputs.length !== 2 || a === undefined || b === undefined) throw this.#fail(name, 'a sum of two')
    if (isWanted(b)) return [a, b]
    if (isWanted(a)) return [b, a]
    throw this.#fail(name, 'a convolution among the two')
  }

  #layer(name: string | undefined): KerasLayer {
    const layer = name === undefined ? undefined : this.#layers.get(name)
    if (!layer) throw this.#fail(name ?? 'a layer without input', 'a layer of the graph')
    return layer
  }

  #is(name: string | undefined, className: string, config: Readonly<Record<string, unknown>> = {}): KerasLayer {
    const layer = this.#layer(name)
    const isSo = layer.className === className && Object.entries(config).every(([k, v]) => layer.config[k] === v)
    if (!isSo) throw this.#fail(layer.name, [className, ...Object.values(config)].join(' '), layer.className)
    return layer
  }

  #fail(layer: string, expected: string, got?: string): FormatError {
    return new FormatError({
      where: `${this.#where} layer ${layer}`,
      what: 'unknown architecture: not the network of SpliceAI',
      expected,
      got,
    })
  }
}
