import { FormatError, ShapeError } from '../../errors.ts'
import type { ResidualTrunk } from '../checkpoint.ts'
import type { TensorPicker } from './tensor-picker.ts'

/** Width and dilation of the units of each group of four (docs/models.md, section 2; Jaganathan et al. 2019, figure S1). */
const groups = [
  { width: 11, dilation: 1 },
  { width: 11, dilation: 4 },
  { width: 21, dilation: 10 },
  { width: 41, dilation: 25 },
] as const
export const unitsPerGroup = 4
/** Each group is four units and the skip connection after them. */
const modulesPerGroup = unitsPerGroup + 1

/**
 * Takes the tensors of the SpliceAI family's trunk, all but `final_conv`, by their canonical names. The weights do not say
 * their dilations: they follow from the number of units, and the widths must be those of the published networks.
 *
 * @param where the file
 * @param unitsName what the file calls the units, for errors
 * @throws FormatError, ShapeError naming the tensor
 */
export function takeTrunk(picker: TensorPicker, where: string, unitsName: string): ResidualTrunk {
  const [channelCount] = picker.shape('initial_conv.weight', 3) as [number]
  let moduleCount = 0
  for (const name of picker.names) {
    const unit = /^residual_units\.(\d{1,3})\./.exec(name)
    if (unit) moduleCount = Math.max(moduleCount, Number(unit[1]) + 1)
  }
  const groupCount = moduleCount / modulesPerGroup
  if (!Number.isInteger(groupCount) || groupCount < 1 || groupCount > groups.length) {
    throw new FormatError({
      where,
      what: `unknown architecture: a network of the SpliceAI family with an unknown number of ${unitsName}`,
      expected: '5, 10, 15 or 20 (contexts of 80, 400, 2,000 and 10,000 bases)',
      got: `${moduleCount}`,
    })
  }
  const units: { width: number; dilation: number }[] = []
  takeConv(picker, 'initial_conv', channelCount, 4, 1)
  takeConv(picker, 'initial_skip.conv', channelCount, channelCount, 1)
  for (let j = 0; j < moduleCount; j++) {
    const unit = `residual_units.${j}.`
    if (j % modulesPerGroup === unitsPerGroup) {
      takeConv(picker, `${unit}conv`, channelCount, channelCount, 1)
      continue
    }
    const group = groups[Math.floor(j / modulesPerGroup)]
    units.push(group)
    for (const layer of ['1', '2']) {
      takeNorm(picker, `${unit}batchnorm${layer}.`, channelCount)
      const width = picker.shape(`${unit}conv${layer}.weight`, 3)[2]
      if (width !== group.width) {
        throw new ShapeError({
          where: picker.where(`${unit}conv${layer}.weight`),
          what: 'unknown architecture: the dilation of a unit of this width is not known',
          expected: `width ${group.width}, as the published networks have`,
          got: `${width}`,
        })
      }
      takeConv(picker, `${unit}conv${layer}`, channelCount, channelCount, group.width)
    }
  }
  const contextBases = 2 * units.reduce((sum, { width, dilation }) => sum + dilation * (width - 1), 0)
  return { channelCount, contextBases, units }
}

/** Takes a convolution's weight `[outputs, inputs, width]` and bias. */
export function takeConv(picker: TensorPicker, name: string, outputs: number, inputs: number, width: number): void {
  picker.take(`${name}.weight`, [outputs, inputs, width])
  picker.take(`${name}.bias`, [outputs])
}

function takeNorm(picker: TensorPicker, norm: string, channelCount: number): void {
  for (const part of ['weight', 'bias', 'running_mean', 'running_var']) picker.take(norm + part, [channelCount])
  if (picker.taken.get(`${norm}running_var`)!.data.some((variance) => variance < 0))
    throw new FormatError({ where: picker.where(`${norm}running_var`), what: 'negative variance' })
}

/** @throws FormatError naming a tensor of the file that is no part of the network */
export function refuseOthers(picker: TensorPicker, family: string): void {
  for (const name of picker.names)
    if (!picker.taken.has(name) && !name.endsWith('.num_batches_tracked'))
      throw new FormatError({ where: picker.where(name), what: `not part of ${family}: unknown architecture` })
}
