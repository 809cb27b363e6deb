import type { NamedTensor, PangolinArchitecture } from '../checkpoint.ts'
import { pangolinLogitCount, pangolinTrackNames } from '../splice/pangolin-readout.ts'
import { prefixBefore } from './openspliceai-checkpoint.ts'
import type { RawWeights } from './raw-tensor.ts'
import { refuseOthers, takeConv, takeTrunk, unitsPerGroup } from './residual-trunk.ts'
import { TensorPicker } from './tensor-picker.ts'

const marker = 'conv_last1.weight'
/** Rows of the heads `conv_last1` to `conv_last8`: for each tissue two logits of splicing, then one of usage. */
const headRows = [2, 1, 2, 1, 2, 1, 2, 1]

export const looksLikePangolin = (names: Iterable<string>): boolean =>
  [...names].some((name) => name === marker || name.endsWith(`.${marker}`))

/**
 * Reads a network of Pangolin (Zeng & Li 2022): the trunk of the SpliceAI family with ReLU and eight heads, which become one
 * `final_conv` of 12 rows. Which tissue it was trained for, the published names of the files say, nothing in them.
 *
 * @param onWarning told where the name does not say it
 * @throws FormatError, ShapeError naming the tensor
 */
export function readPangolin(
  weights: RawWeights,
  onWarning: (text: string) => void,
): { architecture: PangolinArchitecture; tensors: ReadonlyMap<string, NamedTensor> } {
  const fileNames = [...weights.tensors.keys()]
  const prefix = prefixBefore(marker, fileNames, weights.where)
  const own = fileNames.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  // What it must have comes in under its name in the file, so that errors say it.
  const names = new Map([...expectedNames(own), ...own].map((name) => [canonicalName(name), prefix + name]))
  const picker = new TensorPicker(weights, names, prefix)
  const trunk = takeTrunk(picker, weights.where, 'resblocks and convs')
  for (const [k, rows] of headRows.entries()) takeConv(picker, headName(k), rows, trunk.channelCount, 1)
  refuseOthers(picker, 'Pangolin')
  const trainedFor = trackInName(weights.where)
  if (trainedFor === undefined)
    onWarning(
      `${weights.where}: the name does not say which tissue it was trained for (published files are called final.<replicate>.<number>.3.v2): it counts for all four`,
    )
  return {
    architecture: { kind: 'pangolin', ...trunk, slope: 0, ...(trainedFor === undefined ? {} : { trainedFor }) },
    tensors: withOneHead(picker.taken, trunk.channelCount),
  }
}

/** Names that a network with as many blocks as these has. */
function expectedNames(names: readonly string[]): string[] {
  const blockCount = Math.max(0, ...names.map((name) => Number(/^resblocks\.(\d{1,3})\./.exec(name)?.[1] ?? -1) + 1))
  const convs = ['conv1', 'skip', ...headRows.map((_, k) => headName(k))]
  const expected: string[] = []
  for (let i = 0; i < blockCount; i++) {
    if (i % unitsPerGroup === 0) convs.push(`convs.${i / unitsPerGroup}`)
    for (const layer of ['1', '2']) {
      convs.push(`resblocks.${i}.conv${layer}`)
      for (const part of ['weight', 'bias', 'running_mean', 'running_var'])
        expected.push(`resblocks.${i}.bn${layer}.${part}`)
    }
  }
  return [...expected, ...convs.flatMap((conv) => [`${conv}.weight`, `${conv}.bias`])]
}

const headName = (k: number): string => `conv_last${k + 1}`

/** `resblocks.5.bn2.bias` -> `residual_units.6.batchnorm2.bias`: units and skips share one numbering there. */
function canonicalName(name: string): string {
  const [, block, layer, number, rest] = /^resblocks\.(\d{1,3})\.(bn|conv)([12])\.(.+)$/.exec(name) ?? []
  if (block !== undefined) {
    const unit = Number(block) + Math.floor(Number(block) / unitsPerGroup)
    return `residual_units.${unit}.${layer === 'bn' ? 'batchnorm' : 'conv'}${number}.${rest}`
  }
  const [, skip, part] = /^convs\.(\d{1,3})\.(.+)$/.exec(name) ?? []
  if (skip !== undefined) return `residual_units.${unitsPerGroup + Number(skip) * (unitsPerGroup + 1)}.conv.${part}`
  return name.replace(/^conv1\./, 'initial_conv.').replace(/^skip\./, 'initial_skip.conv.')
}

/** The track that a file called `final.<replicate>.<number>.3` or `….3.v2` was trained for. */
function trackInName(path: string): string | undefined {
  const [, number] = /(?:^|[/\\])final\.\d+\.(\d+)\.3(?:\.v2)?(?:\.\w+)?$/.exec(path) ?? []
  return number === undefined ? undefined : pangolinTrackNames[Number(number)]
}

/** The heads as one convolution, rows in their order. */
function withOneHead(tensors: ReadonlyMap<string, NamedTensor>, channelCount: number): Map<string, NamedTensor> {
  const joined = new Map([...tensors].filter(([name]) => !name.startsWith('conv_last')))
  const join = (part: string, shape: readonly number[]): void => {
    const data = headRows.flatMap((_, k) => [...tensors.get(`${headName(k)}.${part}`)!.data])
    joined.set(`final_conv.${part}`, { shape, data: Float32Array.from(data) })
  }
  join('weight', [pangolinLogitCount, channelCount, 1])
  join('bias', [pangolinLogitCount])
  return joined
}
