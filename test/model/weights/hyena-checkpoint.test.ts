import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError } from '../../../src/errors.ts'
import type { HyenaArchitecture } from '../../../src/model/checkpoint.ts'
import { golden, hfConfig, read, renamed, tensorsOf, valuesOf, without } from '../../support/golden-weights.ts'
import { f32Tensor, safetensorsFile } from '../../support/safetensors-file.ts'

const nano: HyenaArchitecture = {
  kind: 'hyena',
  modelWidth: 8,
  layerCount: 2,
  innerWidth: 16,
  maxLength: 12,
  embeddingSize: 5,
  filterMlpWidth: 4,
  shortFilterLength: 3,
  layerNormEpsilon: 1e-5,
  vocabularySize: 16,
}

describe('HyenaDNA', () => {
  const [reference] = read(golden('hyena-nano/model.safetensors'), hfConfig)

  it('the Hugging Face form: canonical names, architecture, hash', () => {
    expect(reference.architecture).toEqual(nano)
    expect(reference.sha256).toBe('ab')
    expect(reference.tensors.size).toBe(56)
    for (const name of [
      'backbone.embeddings.word_embeddings.weight',
      'backbone.layers.1.mixer.filter_fn.implicit_filter.1.freq',
      'backbone.ln_f.bias',
      'lm_head.weight',
    ]) {
      expect(reference.tensors.has(name), name).toBe(true)
    }
    expect([...reference.tensors.keys()].filter((name) => /\.[35]\.freq$|^hyena/.test(name))).toEqual([])
  })

  it.each(['original.safetensors', 'original.pt', 'lightning.ckpt', 'mixed.pth'])(
    '%s gives the same tensors, without a config too',
    (name) => {
      for (const config of [undefined, hfConfig]) {
        const [checkpoint] = read(golden(name), config)
        expect(checkpoint.architecture).toEqual(nano)
        expect(valuesOf(checkpoint)).toEqual(valuesOf(reference))
      }
    },
  )

  it.each([['module.'], ['model.hyena.'], ['net.encoder.']])('with %s before every name', (prefix) => {
    const [checkpoint] = read(safetensorsFile(renamed(tensorsOf('original.safetensors'), (name) => prefix + name)))
    expect(valuesOf(checkpoint)).toEqual(valuesOf(reference))
  })

  it('a backbone saved on its own, without any prefix', () => {
    const [checkpoint] = read(
      safetensorsFile(renamed(tensorsOf('original.safetensors'), (name) => name.replace('backbone.', ''))),
    )
    expect(valuesOf(checkpoint)).toEqual(valuesOf(reference))
  })

  it('the keys of the original config.json', () => {
    const tables = /pos_emb/
    const file = safetensorsFile(without(tensorsOf('original.safetensors'), tables))
    const config = {
      d_model: 8,
      n_layer: 2,
      d_inner: 16,
      vocab_size: 12,
      layer: { _name_: 'hyena', emb_dim: 5, filter_order: 4, l_max: 12 },
    }
    const [checkpoint] = read(file, config)
    expect(checkpoint.architecture).toEqual(nano)
    expect([...checkpoint.tensors.keys()].filter((name) => tables.test(name))).toEqual([])
    expect(() => read(file)).toThrow(
      /m\.safetensors: the length of its filters is not known.*config\.json.*max_seq_len/,
    )
    expect(() => read(file, { ...config, layer: { emb_dim: 7, l_max: 12 } })).toThrow(
      /implicit_filter\.0\.weight: does not fit config\.json: expected emb_dim 7, got 5/,
    )
  })

  it("a fine-tune's own head is left out with a warning, the language head is tied", () => {
    const warnings: string[] = []
    const tensors = {
      ...tensorsOf('original.safetensors'),
      'head.output_transform.weight': f32Tensor([2, 8], new Array(16).fill(1)),
      'head.output_transform.bias': f32Tensor([2], [0, 0]),
    }
    const [checkpoint] = read(safetensorsFile(tensors), undefined, (text) => warnings.push(text))
    expect(valuesOf(checkpoint)).toEqual(valuesOf(reference))
    expect(warnings).toEqual([
      expect.stringMatching(
        /m\.safetensors: a fine-tuned checkpoint: its head \(head\.output_transform\.weight \[2,8\].*left out/,
      ),
    ])
  })

  it('an untied head is kept', () => {
    const tensors = {
      ...tensorsOf('original.safetensors'),
      'lm_head.weight': f32Tensor([16, 8], new Array(128).fill(0.5)),
    }
    expect([...read(safetensorsFile(tensors))[0].tensors.get('lm_head.weight')!.data]).toEqual(new Array(128).fill(0.5))
  })

  const base = tensorsOf('original.safetensors')
  const layer1 = 'backbone.layers.1.'
  it.each([
    [
      'a missing tensor',
      without(base, /layers\.1\.mixer\.in_proj\.weight/),
      undefined,
      FormatError,
      /tensor backbone\.layers\.1\.mixer\.in_proj\.weight: missing from the file/,
    ],
    [
      'a wrong shape',
      { ...base, [`${layer1}mlp.fc2.weight`]: f32Tensor([8, 15], new Array(120)) },
      undefined,
      ShapeError,
      /layers\.1\.mlp\.fc2\.weight: wrong shape: expected \[8,16\], got \[8,15\]/,
    ],
    [
      'a wrong number of axes',
      { ...base, [`${layer1}norm1.bias`]: f32Tensor([8, 1], new Array(8)) },
      undefined,
      ShapeError,
      /norm1\.bias: wrong shape: expected \[8\], got \[8,1\]/,
    ],
    [
      'no embedding',
      without(base, /word_embeddings/),
      undefined,
      FormatError,
      /tensor backbone\.embeddings\.word_embeddings\.weight: missing/,
    ],
    [
      'two models in a file',
      { ...base, ...renamed(base, (name) => `ema.${name}`) },
      undefined,
      FormatError,
      /several models in one file/,
    ],
    [
      'fewer tokens than needed',
      { ...base, 'backbone.embeddings.word_embeddings.weight': f32Tensor([8, 8], new Array(64)) },
      undefined,
      ShapeError,
      /too few rows for the tokens.*at least 12, got 8/,
    ],
    [
      'frequencies that are not shared',
      { ...base, [`${layer1}mixer.filter_fn.implicit_filter.3.freq`]: f32Tensor([1, 4], [9, 9, 9, 9]) },
      undefined,
      FormatError,
      /implicit_filter\.3\.freq: differs/,
    ],
    [
      'a tensor of another architecture',
      { ...base, [`${layer1}attention.weight`]: f32Tensor([1], [0]) },
      undefined,
      FormatError,
      /tensor backbone\.layers\.1\.attention\.weight: not part of HyenaDNA: unknown architecture/,
    ],
    [
      'a value that is not a number',
      { ...base, [`${layer1}norm1.bias`]: f32Tensor([8], [0, 0, 0, NaN, 0, 0, 0, 0]) },
      undefined,
      FormatError,
      /norm1\.bias: value 3 is not finite.*got NaN/,
    ],
    [
      'an infinite value',
      { ...base, [`${layer1}norm1.bias`]: f32Tensor([8], [0, -Infinity, 0, 0, 0, Infinity, 0, 0]) },
      undefined,
      FormatError,
      /norm1\.bias: value 1 is not finite.*got -Infinity/,
    ],
    [
      'a double beyond f32',
      {
        ...base,
        [`${layer1}norm1.bias`]: {
          dtype: 'F64',
          shape: [8],
          bytes: new Uint8Array(new Float64Array(8).fill(1e300).buffer),
        },
      },
      undefined,
      FormatError,
      /norm1\.bias: value 0 is not finite/,
    ],
    [
      'a config of another width',
      base,
      { d_model: 9 },
      ShapeError,
      /word_embeddings\.weight: does not fit config\.json: expected d_model 9, got 8/,
    ],
    [
      'a config of more layers',
      base,
      { n_layer: 3 },
      ShapeError,
      /does not fit config\.json: expected n_layer 3, got 2/,
    ],
    [
      'a config of another length',
      base,
      { max_seq_len: 13 },
      ShapeError,
      /pos_emb\.z: does not fit config\.json: expected max_seq_len 13, got 12/,
    ],
    [
      'a config of another order',
      base,
      { hyena_order: 3 },
      FormatError,
      /config\.json: hyena_order: expected 2.*got 3/,
    ],
    [
      'a config that is nonsense',
      base,
      { max_seq_len: 'long' },
      FormatError,
      /config\.json: max_seq_len: expected a positive integer, got long/,
    ],
    [
      'a config with an epsilon of nothing',
      base,
      { layer_norm_epsilon: 0 },
      FormatError,
      /config\.json: layer_norm_epsilon/,
    ],
  ] as const)('%s is an error that names it', (_, tensors, config, kind, message) => {
    const run = (): unknown => read(safetensorsFile(tensors), config)
    expect(run).toThrow(kind)
    expect(run).toThrow(message)
  })

  it('a config that is not JSON, or not an object', () => {
    expect(() => read(golden('original.safetensors'), '{')).toThrow(/^config\.json: not JSON/)
    expect(() => read(golden('original.safetensors'), '[1]')).toThrow(
      /^config\.json: model configuration: expected a JSON object/,
    )
  })
})
