import { FormatError, ShapeError } from '../../errors.ts'
import type { NamedTensor, OpenSpliceArchitecture } from '../checkpoint.ts'
import type { RawWeights } from './raw-tensor.ts'
import { TensorPicker } from './tensor-picker.ts'

/** Width and dilation of the units of each group of four (docs/models.md, section 2; Jaganathan et al. 2019, figure S1). */
const groups = [
  { width: 11, dilation: 1 },
  { width: 11, dilation: 4 },
  { width: 21, dilation: 10 },
  { width: 41, dilation: 25 },
] as const
const unitsPerGroup = 4
const marker = 'initial_conv.weight'

export const looksLikeOpenSplice = (names: Iterable<string>): boolean =>
  [...names].some((name) => name === marker || name.endsWith(`.${marker}`))

/**
 * Reads a checkpoint of the SpliceAI family as OpenSpliceAI saves it. The weights do not say their dilations: they follow
 * from the number of units, and the widths must be those of the published networks.
 *
 * @throws FormatError, ShapeError naming the tensor
 */
export function readOpenSplice(weights: RawWeights): {
  architecture: OpenSpliceArchitecture
  tensors: ReadonlyMap<string, NamedTensor>
} {
  const { where } = weights
  const markers = [...weights.tensors.keys()].filter((name) => name === marker || name.endsWith(`.${marker}`))
  if (markers.length > 1)
    throw new FormatError({
      where,
      what: 'several models in one file',
      expected: `one ${marker}`,
      got: markers.join(', '),
    })
  // `module.` where it was trained on several devices.
  const prefix = markers[0].slice(0, -marker.length)
  const names = new Map(
    [...weights.tensors.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), name]),
  )
  const picker = new TensorPicker(weights, names)

  const [channelCount] = picker.shape(marker, 3) as [number]
  let moduleCount = 0
  for (const name of names.keys()) {
    const unit = /^residual_units\.(\d{1,3})\./.exec(name)
    if (unit) moduleCount = Math.max(moduleCount, Number(unit[1]) + 1)
  }
  // Each group is four units and the skip connection after them.
  const groupCount = moduleCount / (unitsPerGroup + 1)
  if (!Number.isInteger(groupCount) || groupCount < 1 || groupCount > groups.length) {
    throw new FormatError({
      where,
      what: 'unknown architecture: a network of the SpliceAI family with an unknown number of residual_units',
      expected: '5, 10, 15 or 20 (contexts of 80, 400, 2,000 and 10,000 bases)',
      got: `${moduleCount}`,
    })
  }

  const known = new Set<string>()
  const take = (name: string, shape: readonly number[]): NamedTensor => {
    known.add(name)
    return picker.take(name, shape)
  }
  const conv = (name: string, outputs: number, inputs: number, width: number): void => {
    take(`${name}.weight`, [outputs, inputs, width])
    take(`${name}.bias`, [outputs])
  }
  const units: { width: number; dilation: number }[] = []
  conv('initial_conv', channelCount, 4, 1)
  conv('initial_skip.conv', channelCount, channelCount, 1)
  for (let j = 0; j < moduleCount; j++) {
    const unit = `residual_units.${j}.`
    if (j % (unitsPerGroup + 1) === unitsPerGroup) {
      conv(`${unit}conv`, channelCount, channelCount, 1)
      continue
    }
    const group = groups[Math.floor(j / (unitsPerGroup + 1))]
    units.push(group)
    for (const layer of ['1', '2']) {
      const norm = `${unit}batchnorm${layer}.`
      for (const part of ['weight', 'bias', 'running_mean', 'running_var']) take(norm + part, [channelCount])
      if (picker.taken.get(`${norm}running_var`)!.data.some((variance) => variance < 0)) {
        throw new FormatError({ where: picker.where(`${norm}running_var`), what: 'negative variance' })
      }
      known.add(`${norm}num_batches_tracked`)
      const width = picker.shape(`${unit}conv${layer}.weight`, 3)[2]
      if (width !== group.width) {
        throw new ShapeError({
          where: picker.where(`${unit}conv${layer}.weight`),
          what: 'unknown architecture: the dilation of a unit of this width is not known',
          expected: `width ${group.width}, as the published networks have`,
          got: `${width}`,
        })
      }
      conv(`${unit}conv${layer}`, channelCount, channelCount, group.width)
    }
  }
  conv('final_conv', 3, channelCount, 1)
  const unknown = [...names.keys()].find((name) => !known.has(name))
  if (unknown !== undefined)
    throw new FormatError({
      where: `${where} tensor ${names.get(unknown)}`,
      what: 'not part of the SpliceAI family: unknown architecture',
    })
  const contextBases = 2 * units.reduce((sum, { width, dilation }) => sum + dilation * (width - 1), 0)
  return { architecture: { kind: 'openspliceai', channelCount, contextBases, units }, tensors: picker.taken }
}
