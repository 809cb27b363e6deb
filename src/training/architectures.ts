import { ConfigError } from '../errors.ts'
import type { Architecture, NamedTensor, OpenSpliceArchitecture, SpliceHyenaArchitecture } from '../model/checkpoint.ts'
import type { Random } from './random.ts'

/** A network that can be trained. */
export type TrainableArchitecture = OpenSpliceArchitecture | SpliceHyenaArchitecture
export type Tensors = Map<string, NamedTensor>

/**
 * Dilations of the shipped model's first ten residual units: a filter of stride 3 can stay in the reading frame. The other six were
 * added to a trained network of these, and cost more time than a training of hours has.
 */
const spliceDilations = [1, 1, 1, 1, 3, 3, 3, 6, 6, 12]
const width = 11
const channels = 32

/** Units of the published networks in groups of four (Jaganathan et al. 2019, figure S1). */
const openSpliceGroups = [
  { width: 11, dilation: 1 },
  { width: 11, dilation: 4 },
  { width: 21, dilation: 10 },
  { width: 41, dilation: 25 },
]

export const architectureNames = [
  'splice',
  'openspliceai-80',
  'openspliceai-400',
  'openspliceai-2000',
  'openspliceai-10000',
] as const
export type ArchitectureName = (typeof architectureNames)[number]

/** @throws ConfigError for a name that is none of `architectureNames` */
export function architectureOf(name: string): TrainableArchitecture {
  if (name === 'splice')
    return {
      kind: 'splice-hyena',
      modelWidth: channels,
      stemWidth: width,
      blocks: spliceDilations.map((dilation) => ({ type: 'conv', width, dilation })),
    }
  const groups = architectureNames.indexOf(name as ArchitectureName)
  if (groups < 1)
    throw new ConfigError({
      option: 'architecture',
      what: 'unknown architecture',
      expected: architectureNames.join(', '),
      got: name,
    })
  const units = openSpliceGroups.slice(0, groups).flatMap((unit) => Array.from({ length: 4 }, () => unit))
  return {
    kind: 'openspliceai',
    channelCount: channels,
    contextBases: 2 * units.reduce((sum, u) => sum + u.dilation * (u.width - 1), 0),
    units,
  }
}

/** @throws ConfigError where the network has parts that cannot be trained yet */
export function expectTrainable(name: string, architecture: Architecture): TrainableArchitecture {
  const fail = (what: string): never => {
    throw new ConfigError({
      where: name,
      what,
      remedy: 'start at an OpenSpliceAI checkpoint or at a folder made by train',
    })
  }
  if (architecture.kind === 'hyena') return fail('this is a language model, and splice models are trained')
  if (architecture.kind === 'pangolin') return fail('Pangolin has other outputs than the splice sites that are trained')
  if (architecture.kind === 'openspliceai' && architecture.slope !== undefined)
    return fail("SpliceAI's own networks cannot be trained: a folder could not say which ReLUs they have")
  if (architecture.kind === 'splice-hyena' && architecture.blocks.some((block) => block.type !== 'conv'))
    return fail('networks with long filters or MLPs cannot be trained yet')
  return architecture
}

/** Auxiliary target of networks with a head of their own: outside, intron, non-coding exon, coding phase 0, 1, 2. */
export const segmentCount = 6
export const auxiliaryPrefix = 'segment_head.'

/** Fresh weights: uniform within 1 / sqrt(inputs), as PyTorch's layers begin; a unit's second convolution at half of that. */
export function freshTensors(architecture: TrainableArchitecture, random: Random): Tensors {
  const tensors: Tensors = new Map()
  const put = (name: string, shape: readonly number[], value: () => number): void => {
    const count = shape.reduce((product, n) => product * n, 1)
    tensors.set(name, { shape, data: Float32Array.from({ length: count }, value) })
  }
  const layer = (name: string, shape: readonly number[], factor = 1): void => {
    const limit = 1 / Math.sqrt(shape.slice(1).reduce((product, n) => product * n, 1))
    put(`${name}.weight`, shape, () => factor * limit * (2 * random.uniform() - 1))
    put(`${name}.bias`, [shape[0]], () => limit * (2 * random.uniform() - 1))
  }
  const pair = (name: string, first: string, second: string, size: number): void => {
    put(`${name}.${first}`, [size], () => 1)
    put(`${name}.${second}`, [size], () => 0)
  }
  /** Nearly all bases are no sites. */
  const biasFor = (name: string): void => tensors.get(name)!.data.set([4, -2, -2])
  if (architecture.kind === 'splice-hyena') {
    const { modelWidth: d, stemWidth, blocks } = architecture
    layer('stem', [d, 4, stemWidth])
    for (const [i, block] of blocks.entries()) {
      if (block.type !== 'conv') continue // expectTrainable has refused it
      pair(`blocks.${i}.aff1`, 'scale', 'shift', d)
      layer(`blocks.${i}.conv1`, [d, d, block.width])
      pair(`blocks.${i}.aff2`, 'scale', 'shift', d)
      layer(`blocks.${i}.conv2`, [d, d, block.width], 0.5)
    }
    pair('norm', 'weight', 'bias', d)
    layer('head', [3, d])
    biasFor('head.bias')
    layer('segment_head', [segmentCount, d])
    return tensors
  }
  const { channelCount: d, units } = architecture
  layer('initial_conv', [d, 4, 1])
  layer('initial_skip.conv', [d, d, 1])
  for (const [i, unit] of units.entries()) {
    const prefix = `residual_units.${i + Math.floor(i / 4)}`
    for (const layerNumber of [1, 2]) {
      const norm = `${prefix}.batchnorm${layerNumber}`
      pair(norm, 'weight', 'bias', d)
      put(`${norm}.running_mean`, [d], () => 0)
      put(`${norm}.running_var`, [d], () => 1)
      layer(`${prefix}.conv${layerNumber}`, [d, d, unit.width], layerNumber === 2 ? 0.5 : 1)
    }
    if (i % 4 === 3) layer(`residual_units.${i + 1 + Math.floor(i / 4)}.conv`, [d, d, 1])
  }
  layer('final_conv', [3, d, 1])
  biasFor('final_conv.bias')
  return tensors
}
