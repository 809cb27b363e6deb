import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError } from '../../../src/errors.ts'
import type { Checkpoint, HyenaArchitecture } from '../../../src/model/checkpoint.ts'
import { parseSafetensors } from '../../../src/model/weights/safetensors.ts'
import { readCheckpoints } from '../../../src/model/weights/read-checkpoint.ts'
import { type FileTensor, f32Tensor, safetensorsFile } from '../../support/safetensors-file.ts'
import { spliceHyenaFiles } from '../../support/splice-hyena-files.ts'

/** Made by make-golden.py beside this file. */
const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(fileURLToPath(new URL(`golden/${name}`, import.meta.url))))
const hfConfig = new TextDecoder().decode(golden('hyena-nano/config.json'))

function read(bytes: Uint8Array, config?: string | object, onWarning?: (text: string) => void): Checkpoint[] {
  const text = typeof config === 'object' ? JSON.stringify(config) : config
  const files = { name: 'm', weights: { name: 'm.safetensors', bytes, sha256: 'ab' }, config: text === undefined ? undefined : { name: 'config.json', text } }
  return readCheckpoints(files, onWarning)
}
const valuesOf = ({ tensors }: Checkpoint): Record<string, unknown> => Object.fromEntries([...tensors].sort().map(([name, { shape, data }]) => [name, { shape: [...shape], data: [...data] }]))

/** A safetensors golden as tensors that a test renames, drops or reshapes. */
function tensorsOf(name: string): Record<string, FileTensor> {
  return Object.fromEntries([...parseSafetensors(golden(name), name).tensors].map(([key, tensor]) => [key, f32Tensor(tensor.shape, tensor.read())]))
}
const renamed = (tensors: Record<string, FileTensor>, rename: (name: string) => string): Record<string, FileTensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]))
const without = (tensors: Record<string, FileTensor>, pattern: RegExp): Record<string, FileTensor> =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !pattern.test(name)))

const nano: HyenaArchitecture = {
  kind: 'hyena', modelWidth: 8, layerCount: 2, innerWidth: 16, maxLength: 12, embeddingSize: 5, filterMlpWidth: 4, shortFilterLength: 3, layerNormEpsilon: 1e-5, vocabularySize: 16,
}

describe('HyenaDNA', () => {
  const [reference] = read(golden('hyena-nano/model.safetensors'), hfConfig)

  it('the Hugging Face form: canonical names, architecture, hash', () => {
    expect(reference!.architecture).toEqual(nano)
    expect(reference!.sha256).toBe('ab')
    expect(reference!.tensors.size).toBe(56)
    for (const name of ['backbone.embeddings.word_embeddings.weight', 'backbone.layers.1.mixer.filter_fn.implicit_filter.1.freq', 'backbone.ln_f.bias', 'lm_head.weight']) {
      expect(reference!.tensors.has(name), name).toBe(true)
    }
    expect([...reference!.tensors.keys()].filter((name) => /\.[35]\.freq$|^hyena/.test(name))).toEqual([])
  })

  it.each(['original.safetensors', 'original.pt', 'lightning.ckpt', 'mixed.pth'])('%s gives the same tensors, without a config too', (name) => {
    for (const config of [undefined, hfConfig]) {
      const [checkpoint] = read(golden(name), config)
      expect(checkpoint!.architecture).toEqual(nano)
      expect(valuesOf(checkpoint!)).toEqual(valuesOf(reference!))
    }
  })

  it.each([['module.'], ['model.hyena.'], ['net.encoder.']])('with %s before every name', (prefix) => {
    const [checkpoint] = read(safetensorsFile(renamed(tensorsOf('original.safetensors'), (name) => prefix + name)))
    expect(valuesOf(checkpoint!)).toEqual(valuesOf(reference!))
  })

  it('a backbone saved on its own, without any prefix', () => {
    const [checkpoint] = read(safetensorsFile(renamed(tensorsOf('original.safetensors'), (name) => name.replace('backbone.', ''))))
    expect(valuesOf(checkpoint!)).toEqual(valuesOf(reference!))
  })

  it('the keys of the original config.json', () => {
    const tables = /pos_emb/
    const file = safetensorsFile(without(tensorsOf('original.safetensors'), tables))
    const config = { d_model: 8, n_layer: 2, d_inner: 16, vocab_size: 12, layer: { _name_: 'hyena', emb_dim: 5, filter_order: 4, l_max: 12 } }
    const [checkpoint] = read(file, config)
    expect(checkpoint!.architecture).toEqual(nano)
    expect([...checkpoint!.tensors.keys()].filter((name) => tables.test(name))).toEqual([])
    expect(() => read(file)).toThrow(/m\.safetensors: the length of its filters is not known.*config\.json.*max_seq_len/)
    expect(() => read(file, { ...config, layer: { emb_dim: 7, l_max: 12 } })).toThrow(/implicit_filter\.0\.weight: does not fit config\.json: expected emb_dim 7, got 5/)
  })

  it("a fine-tune's own head is left out with a warning, the language head is tied", () => {
    const warnings: string[] = []
    const tensors = { ...tensorsOf('original.safetensors'), 'head.output_transform.weight': f32Tensor([2, 8], new Array(16).fill(1)), 'head.output_transform.bias': f32Tensor([2], [0, 0]) }
    const [checkpoint] = read(safetensorsFile(tensors), undefined, (text) => warnings.push(text))
    expect(valuesOf(checkpoint!)).toEqual(valuesOf(reference!))
    expect(warnings).toEqual([expect.stringMatching(/m\.safetensors: a fine-tuned checkpoint: its head \(head\.output_transform\.weight \[2,8\].*left out/)])
  })

  it('an untied head is kept', () => {
    const tensors = { ...tensorsOf('original.safetensors'), 'lm_head.weight': f32Tensor([16, 8], new Array(128).fill(0.5)) }
    expect([...read(safetensorsFile(tensors))[0]!.tensors.get('lm_head.weight')!.data]).toEqual(new Array(128).fill(0.5))
  })

  const base = tensorsOf('original.safetensors')
  const layer1 = 'backbone.layers.1.'
  it.each([
    ['a missing tensor', without(base, /layers\.1\.mixer\.in_proj\.weight/), undefined, FormatError, /tensor backbone\.layers\.1\.mixer\.in_proj\.weight: missing from the file/],
    ['a wrong shape', { ...base, [`${layer1}mlp.fc2.weight`]: f32Tensor([8, 15], new Array(120)) }, undefined, ShapeError, /layers\.1\.mlp\.fc2\.weight: wrong shape: expected \[8,16\], got \[8,15\]/],
    ['a wrong number of axes', { ...base, [`${layer1}norm1.bias`]: f32Tensor([8, 1], new Array(8)) }, undefined, ShapeError, /norm1\.bias: wrong shape: expected \[8\], got \[8,1\]/],
    ['no embedding', without(base, /word_embeddings/), undefined, FormatError, /tensor backbone\.embeddings\.word_embeddings\.weight: missing/],
    ['two models in a file', { ...base, ...renamed(base, (name) => `ema.${name}`) }, undefined, FormatError, /several models in one file/],
    ['fewer tokens than needed', { ...base, 'backbone.embeddings.word_embeddings.weight': f32Tensor([8, 8], new Array(64)) }, undefined, ShapeError, /too few rows for the tokens.*at least 12, got 8/],
    ['frequencies that are not shared', { ...base, [`${layer1}mixer.filter_fn.implicit_filter.3.freq`]: f32Tensor([1, 4], [9, 9, 9, 9]) }, undefined, FormatError, /implicit_filter\.3\.freq: differs/],
    ['a tensor of another architecture', { ...base, [`${layer1}attention.weight`]: f32Tensor([1], [0]) }, undefined, FormatError, /tensor backbone\.layers\.1\.attention\.weight: not part of HyenaDNA: unknown architecture/],
    ['a value that is not a number', { ...base, [`${layer1}norm1.bias`]: f32Tensor([8], [0, 0, 0, NaN, 0, 0, 0, 0]) }, undefined, FormatError, /norm1\.bias: value 3 is not finite.*got NaN/],
    ['an infinite value', { ...base, [`${layer1}norm1.bias`]: f32Tensor([8], [0, -Infinity, 0, 0, 0, Infinity, 0, 0]) }, undefined, FormatError, /norm1\.bias: value 1 is not finite.*got -Infinity/],
    ['a double beyond f32', { ...base, [`${layer1}norm1.bias`]: { dtype: 'F64', shape: [8], bytes: new Uint8Array(new Float64Array(8).fill(1e300).buffer) } }, undefined, FormatError, /norm1\.bias: value 0 is not finite/],
    ['a config of another width', base, { d_model: 9 }, ShapeError, /word_embeddings\.weight: does not fit config\.json: expected d_model 9, got 8/],
    ['a config of more layers', base, { n_layer: 3 }, ShapeError, /does not fit config\.json: expected n_layer 3, got 2/],
    ['a config of another length', base, { max_seq_len: 13 }, ShapeError, /pos_emb\.z: does not fit config\.json: expected max_seq_len 13, got 12/],
    ['a config of another order', base, { hyena_order: 3 }, FormatError, /config\.json: hyena_order: expected 2.*got 3/],
    ['a config that is nonsense', base, { max_seq_len: 'long' }, FormatError, /config\.json: max_seq_len: expected a positive integer, got long/],
    ['a config with an epsilon of nothing', base, { layer_norm_epsilon: 0 }, FormatError, /config\.json: layer_norm_epsilon/],
  ] as const)('%s is an error that names it', (_, tensors, config, kind, message) => {
    const run = (): unknown => read(safetensorsFile(tensors), config)
    expect(run).toThrow(kind)
    expect(run).toThrow(message)
  })

  it('a config that is not JSON, or not an object', () => {
    expect(() => read(golden('original.safetensors'), '{')).toThrow(/^config\.json: not JSON/)
    expect(() => read(golden('original.safetensors'), '[1]')).toThrow(/^config\.json: model configuration: expected a JSON object/)
  })
})

describe('SpliceAI family', () => {
  const base = tensorsOf('openspliceai-nano.safetensors')

  it('context and dilations follow from the number of units; a config beside it does not matter', () => {
    for (const [bytes, config] of [[golden('openspliceai-nano.safetensors'), undefined], [golden('openspliceai-nano.pt'), hfConfig]] as const) {
      const [checkpoint] = read(bytes, config)
      expect(checkpoint!.architecture).toEqual({ kind: 'openspliceai', channelCount: 3, contextBases: 80, units: new Array(4).fill({ width: 11, dilation: 1 }) })
      expect(checkpoint!.tensors.size).toBe(4 + 4 * 12 + 4)
      expect([...checkpoint!.tensors.keys()].some((name) => name.includes('num_batches_tracked'))).toBe(false)
    }
  })

  it('with the prefix of DataParallel', () => {
    const [checkpoint] = read(safetensorsFile(renamed(base, (name) => `module.${name}`)))
    expect(valuesOf(checkpoint!)).toEqual(valuesOf(read(safetensorsFile(base))[0]!))
  })

  it.each([
    ['a unit too few', without(base, /residual_units\.4\./), FormatError, /unknown number of residual_units: expected 5, 10, 15 or 20.*got 4/],
    ['a missing tensor', without(base, /residual_units\.2\.batchnorm2\.running_var/), FormatError, /tensor residual_units\.2\.batchnorm2\.running_var: missing/],
    ['another width', { ...base, 'residual_units.1.conv1.weight': f32Tensor([3, 3, 9], new Array(81)) }, ShapeError, /conv1\.weight: unknown architecture.*expected width 11.*got 9/],
    ['a wrong shape', { ...base, 'final_conv.weight': f32Tensor([3, 4, 1], new Array(12)) }, ShapeError, /final_conv\.weight: wrong shape: expected \[3,3,1\], got \[3,4,1\]/],
    ['a negative variance', { ...base, 'residual_units.0.batchnorm1.running_var': f32Tensor([3], [1, -1, 1]) }, FormatError, /running_var: negative variance/],
    ['a tensor too many', { ...base, 'extra.weight': f32Tensor([1], [1]) }, FormatError, /tensor extra\.weight: not part of the SpliceAI family/],
  ] as const)('%s is an error that names it', (_, tensors, kind, message) => {
    const run = (): unknown => read(safetensorsFile(tensors))
    expect(run).toThrow(kind)
    expect(run).toThrow(message)
  })
})

describe('our own splice model', () => {
  it('reads what its config says, in half precision too, with its card', () => {
    const { config, tensors } = spliceHyenaFiles()
    const [checkpoint, ...others] = read(safetensorsFile(tensors), { ...config, card: { licence: 'Apache-2.0' } })
    expect(others).toEqual([])
    expect(checkpoint!.architecture).toEqual({
      kind: 'splice-hyena', modelWidth: 4, stemWidth: 5,
      blocks: [{ type: 'conv', width: 3, dilation: 2 }, { type: 'hyena', taps: 9, shortTaps: 3 }, { type: 'mlp', hidden: 8 }],
    })
    expect(checkpoint!.card).toEqual({ licence: 'Apache-2.0' })
    expect([...checkpoint!.tensors.keys()]).toEqual(Object.keys(tensors))
    const half = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) =>
      [name, { dtype: 'F16', shape, bytes: new Uint8Array(new Uint16Array(shape.reduce((a, b) => a * b, 1)).fill(0x3c00).buffer) }]))
    expect([...read(safetensorsFile(half), config)[0]!.tensors.get('head.bias')!.data]).toEqual([1, 1, 1])
  })

  it('members of an ensemble in one file', () => {
    const { config, tensors } = spliceHyenaFiles()
    const both = { ...renamed(tensors, (name) => `members.0.${name}`), ...renamed(tensors, (name) => `members.1.${name}`) }
    const checkpoints = read(safetensorsFile(both), { ...config, members: 2 })
    expect(checkpoints).toHaveLength(2)
    expect(valuesOf(checkpoints[1]!)).toEqual(valuesOf(read(safetensorsFile(tensors), config)[0]!))
    expect(() => read(safetensorsFile(without(both, /members\.1\.blocks\.1\.D/)), { ...config, members: 2 })).toThrow(/tensor members\.1\.blocks\.1\.D: missing/)
    expect(() => read(safetensorsFile(both), { ...config, members: 1 })).toThrow(/tensor stem\.weight: missing/)
    expect(() => read(safetensorsFile(both), { ...config, members: 3 })).toThrow(/tensor members\.2\.stem\.weight: missing/)
  })

  const { config, tensors } = spliceHyenaFiles()
  it.each([
    ['an unknown block', { ...config, blocks: [{ type: 'attention' }] }, /config\.json blocks\[0\]: type: expected conv, hyena or mlp, got attention/],
    ['a block that is none', { ...config, blocks: [3] }, /config\.json: blocks\[0\]: expected an object/],
    ['no blocks', { ...config, blocks: undefined }, /config\.json: blocks/],
    ['an even width', { ...config, stem_width: 6 }, /config\.json: stem_width: expected an odd number, got 6/],
    ['a missing size', { ...config, d_model: undefined }, /config\.json: d_model: expected a positive integer, got nothing/],
    ['other tracks', { ...config, tracks: ['donor'] }, /config\.json: tracks/],
    ['fewer blocks than tensors', { ...config, blocks: config.blocks.slice(0, 2) }, /tensor blocks\.2\.norm\.weight: not part of the network that config\.json describes/],
    ['more taps than the file has', { ...config, blocks: [config.blocks[0], { type: 'hyena', taps: 11, short_taps: 3 }] }, /tensor blocks\.1\.filter: wrong shape: expected \[4,11\], got \[4,9\]/],
  ])('%s is an error that names it', (_, spoiled, message) => {
    expect(() => read(safetensorsFile(tensors), spoiled)).toThrow(message)
  })
})

describe('what is not a model', () => {
  it('tensors of something else, and a config of something else', () => {
    const file = safetensorsFile({ 'bert.embeddings.weight': f32Tensor([2], [1, 2]), b: f32Tensor([], [0]) })
    expect(() => read(file)).toThrow(/m\.safetensors: unknown architecture: expected HyenaDNA, OpenSpliceAI or.*got tensors b, bert\.embeddings\.weight|got tensors bert\.embeddings\.weight, b/)
    expect(() => read(file, { model_type: 'bert' })).toThrow(/unknown architecture \(config\.json says bert\)/)
    expect(() => read(safetensorsFile({}))).toThrow(/got a file without tensors/)
  })
})
