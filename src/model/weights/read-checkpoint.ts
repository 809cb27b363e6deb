import { FormatError } from '../../errors.ts'
import type { Architecture, Checkpoint, NamedTensor } from '../checkpoint.ts'
import { hdf5Signature, parseHdf5 } from './hdf5.ts'
import { looksLikeHyena, readHyena } from './hyena-checkpoint.ts'
import { ModelConfig } from './model-config.ts'
import { looksLikeOpenSplice, readOpenSplice } from './openspliceai-checkpoint.ts'
import { looksLikePangolin, readPangolin } from './pangolin-checkpoint.ts'
import type { RawWeights } from './raw-tensor.ts'
import { brief, isRecord } from './json.ts'
import { parseSafetensors } from './safetensors.ts'
import { readSpliceHyena, spliceModelType } from './splice-hyena-checkpoint.ts'
import { readSpliceAi } from './spliceai-checkpoint.ts'
import { parseTorchZip } from './torch-zip.ts'

/** A model's files as bytes, from wherever they came. */
export interface CheckpointFiles {
  /** As the user would type it. */
  readonly name: string
  readonly weights: { readonly name: string; readonly bytes: Uint8Array; readonly sha256: string }
  readonly config?: { readonly name: string; readonly text: string } | undefined
}

/**
 * Turns files into checkpoints: finds the format by the first bytes, the architecture by config.json and the tensors'
 * names, checks every tensor against it, and gives them canonical names.
 *
 * @returns one checkpoint, or as many as a file with several members holds
 * @throws FormatError, ShapeError naming file, tensor or key
 */
export function readCheckpoints(files: CheckpointFiles, onWarning: (text: string) => void = () => {}): Checkpoint[] {
  const isHdf5 = startsWith(files.weights.bytes, hdf5Signature)
  const weights = isHdf5 ? undefined : parseWeights(files.weights.bytes, files.weights.name)
  const config = files.config && ModelConfig.parse(files.config.text, files.config.name)
  const card = config?.values['card']
  const make = ({
    architecture,
    tensors,
  }: {
    architecture: Architecture
    tensors: ReadonlyMap<string, NamedTensor>
  }): Checkpoint => ({
    name: files.name,
    architecture,
    tensors,
    sha256: files.weights.sha256,
    ...(isRecord(card) ? { card } : {}),
  })
  if (!weights) return [make(readSpliceAi(parseHdf5(files.weights.bytes, files.weights.name)))]
  if (config?.modelType === spliceModelType) return readSpliceHyena(weights, config).map(make)
  const names = [...weights.tensors.keys()]
  if (looksLikeHyena(names)) return [make(readHyena(weights, config, onWarning))]
  if (looksLikeOpenSplice(names)) return [make(readOpenSplice(weights))]
  if (looksLikePangolin(names)) return [make(readPangolin(weights, onWarning))]
  throw new FormatError({
    where: files.weights.name,
    what:
      config?.modelType === undefined
        ? 'unknown architecture'
        : `unknown architecture (${config.where} says ${brief(config.modelType)})`,
    expected: `HyenaDNA, OpenSpliceAI, SpliceAI, Pangolin or a ${spliceModelType} model with its config.json`,
    got:
      weights.tensors.size === 0
        ? 'a file without tensors'
        : `tensors ${brief([...weights.tensors.keys()].slice(0, 6).join(', '))}`,
  })
}

const startsWith = (bytes: Uint8Array, prefix: string): boolean =>
  bytes.length >= prefix.length && [...prefix].every((letter, i) => bytes[i] === letter.charCodeAt(0))

/** Finds out what kind of file it is by its first bytes, never by its name. */
export function parseWeights(bytes: Uint8Array, where: string): RawWeights {
  if (bytes.length === 0) throw new FormatError({ where, what: 'the file is empty', expected: 'a weights file' })
  if (startsWith(bytes, 'PK\x03\x04')) return parseTorchZip(bytes, where)
  if (bytes.length > 8 && bytes[8] === 0x7b && bytes[7] === 0 && bytes[6] === 0) return parseSafetensors(bytes, where)
  const fail = (what: string, remedy: string): never => {
    throw new FormatError({ where, what, expected: 'safetensors, or a file of torch.save', remedy })
  }
  if (startsWith(bytes, '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19')) {
    fail(
      'saved in the old format of PyTorch before 1.6',
      'save it again: torch.save(torch.load(path, weights_only=True), path)',
    )
  }
  if (bytes[0] === 0x80 && bytes[1] <= 5)
    fail('a bare pickle', 'save the weights with torch.save(model.state_dict(), path), or convert them to safetensors')
  if (startsWith(bytes, 'version https://git-lfs'))
    fail('a Git LFS pointer, not the weights', 'run git lfs pull, or genoconv models pull')
  if (startsWith(bytes, '<!') || startsWith(bytes, '<html')) fail('a web page, not weights', 'fetch the file itself')
  return fail('not a model', 'give a .safetensors, .pt, .ckpt or .h5 file')
}
