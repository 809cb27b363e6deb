import { FormatError } from '../../errors.ts'
import type { NamedTensor, SpliceBlock, SpliceHyenaArchitecture } from '../checkpoint.ts'
import type { ModelConfig } from './model-config.ts'
import type { RawWeights } from './raw-tensor.ts'
import { isRecord } from './json.ts'
import { TensorPicker } from './tensor-picker.ts'

export const spliceModelType = 'genoconv-splice'
const tracks = ['neither', 'acceptor', 'donor']

/**
 * Reads our own splice model (training/README.md): its config.json says everything, the tensors must fit it exactly.
 * With `members` in the config the file holds that many networks, under `members.{m}.`.
 *
 * @returns one entry per member
 * @throws FormatError, ShapeError naming the config's key or the tensor
 */
export function readSpliceHyena(
  weights: RawWeights,
  config: ModelConfig,
): { architecture: SpliceHyenaArchitecture; tensors: ReadonlyMap<string, NamedTensor> }[] {
  const architecture = readArchitecture(config)
  const memberCount = config.optionalCount('members') ?? 1
  if (memberCount > 64) config.fail('members', 'at most 64', memberCount)
  const used = new Set<string>()
  const members = Array.from({ length: memberCount }, (_, m) => {
    const prefix = memberCount > 1 ? `members.${m}.` : ''
    const names = new Map(
      [...weights.tensors.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => [name.slice(prefix.length), name]),
    )
    const picker = new TensorPicker(weights, names, prefix)
    takeTensors(picker, architecture)
    for (const name of picker.taken.keys()) used.add(prefix + name)
    return { architecture, tensors: picker.taken }
  })
  const unknown = [...weights.tensors.keys()].find((name) => !used.has(name))
  if (unknown !== undefined)
    throw new FormatError({
      where: `${weights.where} tensor ${unknown}`,
      what: `not part of the network that ${config.where} describes`,
    })
  return members
}

function readArchitecture(config: ModelConfig): SpliceHyenaArchitecture {
  const given = config.values['tracks']
  if (given !== undefined && JSON.stringify(given) !== JSON.stringify(tracks))
    config.fail('tracks', JSON.stringify(tracks), given)
  const list = config.values['blocks']
  if (!Array.isArray(list) || list.length > 1000) return config.fail('blocks', 'a list of at most 1000 blocks', list)
  return {
    kind: 'splice-hyena',
    modelWidth: config.count('d_model'),
    stemWidth: oddCount(config, 'stem_width'),
    blocks: list.map((_, i) => readBlock(config, list, i)),
  }
}

function readBlock(config: ModelConfig, list: readonly unknown[], i: number): SpliceBlock {
  const values = list[i]
  if (!isRecord(values)) return config.fail(`blocks[${i}]`, 'an object with a type', values)
  const block = new (config.constructor as typeof ModelConfig)(`${config.where} blocks[${i}]`, values)
  switch (values['type']) {
    case 'conv':
      return { type: 'conv', width: oddCount(block, 'width'), dilation: block.count('dilation') }
    case 'hyena':
      return { type: 'hyena', taps: oddCount(block, 'taps'), shortTaps: oddCount(block, 'short_taps') }
    case 'mlp':
      return { type: 'mlp', hidden: block.count('hidden') }
    default:
      return block.fail('type', 'conv, hyena or mlp', values['type'])
  }
}

/** Filters are centred on their position, so they have an odd number of taps. */
function oddCount(config: ModelConfig, key: string): number {
  const count = config.count(key)
  return count % 2 === 1 ? count : config.fail(key, 'an odd number', count)
}

function takeTensors(picker: TensorPicker, { modelWidth: d, stemWidth, blocks }: SpliceHyenaArchitecture): void {
  const affine = (name: string, first: string, second: string, size = d): void => {
    picker.take(`${name}.${first}`, [size])
    picker.take(`${name}.${second}`, [size])
  }
  const layer = (name: string, shape: readonly number[]): void => {
    picker.take(`${name}.weight`, shape)
    picker.take(`${name}.bias`, [shape[0]])
  }
  layer('stem', [d, 4, stemWidth])
  blocks.forEach((block, i) => {
    const name = `blocks.${i}`
    if (block.type === 'conv') {
      affine(`${name}.aff1`, 'scale', 'shift')
      affine(`${name}.aff2`, 'scale', 'shift')
      layer(`${name}.conv1`, [d, d, block.width])
      layer(`${name}.conv2`, [d, d, block.width])
    } else if (block.type === 'hyena') {
      affine(`${name}.norm`, 'weight', 'bias')
      layer(`${name}.in_proj`, [3 * d, d])
      layer(`${name}.short`, [3 * d, block.shortTaps])
      picker.take(`${name}.filter`, [d, block.taps])
      picker.take(`${name}.D`, [d])
      layer(`${name}.out_proj`, [d, d])
    } else {
      affine(`${name}.norm`, 'weight', 'bias')
      layer(`${name}.fc1`, [block.hidden, d])
      layer(`${name}.fc2`, [d, block.hidden])
    }
  })
  affine('norm', 'weight', 'bias')
  layer('head', [tracks.length, d])
}
