import { FormatError } from '../../errors.ts'
import type { NamedTensor, OpenSpliceArchitecture } from '../checkpoint.ts'
import type { RawWeights } from './raw-tensor.ts'
import { refuseOthers, takeConv, takeTrunk } from './residual-trunk.ts'
import { TensorPicker } from './tensor-picker.ts'

const marker = 'initial_conv.weight'

export const looksLikeOpenSplice = (names: Iterable<string>): boolean =>
  [...names].some((name) => name === marker || name.endsWith(`.${marker}`))

/**
 * Reads a checkpoint of the SpliceAI family as OpenSpliceAI saves it.
 *
 * @throws FormatError, ShapeError naming the tensor
 */
export function readOpenSplice(weights: RawWeights): {
  architecture: OpenSpliceArchitecture
  tensors: ReadonlyMap<string, NamedTensor>
} {
  const names = [...weights.tensors.keys()]
  // `module.` where it was trained on several devices.
  const prefix = prefixBefore(marker, names, weights.where)
  const picker = new TensorPicker(
    weights,
    new Map(names.filter((name) => name.startsWith(prefix)).map((name) => [name.slice(prefix.length), name])),
  )
  const trunk = takeTrunk(picker, weights.where, 'residual_units')
  takeConv(picker, 'final_conv', 3, trunk.channelCount, 1)
  refuseOthers(picker, 'the SpliceAI family')
  return { architecture: { kind: 'openspliceai', ...trunk }, tensors: picker.taken }
}

/** What stands before a tensor's name in the file. @throws FormatError where several have the name */
export function prefixBefore(marker: string, names: readonly string[], where: string): string {
  const found = names.filter((name) => name === marker || name.endsWith(`.${marker}`))
  if (found.length !== 1)
    throw new FormatError({
      where,
      what: 'several models in one file',
      expected: `one ${marker}`,
      got: found.join(', '),
    })
  return found[0].slice(0, -marker.length)
}
