import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError } from '../../../src/errors.ts'
import { golden, hfConfig, read, renamed, tensorsOf, valuesOf, without } from '../../support/golden-weights.ts'
import { f32Tensor, safetensorsFile } from '../../support/safetensors-file.ts'
import { spliceHyenaFiles } from '../../support/splice-hyena-files.ts'

describe('SpliceAI family', () => {
  const base = tensorsOf('openspliceai-nano.safetensors')

  it('context and dilations follow from the number of units; a config beside it does not matter', () => {
    for (const [bytes, config] of [
      [golden('openspliceai-nano.safetensors'), undefined],
      [golden('openspliceai-nano.pt'), hfConfig],
    ] as const) {
      const [checkpoint] = read(bytes, config)
      expect(checkpoint.architecture).toEqual({
        kind: 'openspliceai',
        channelCount: 3,
        contextBases: 80,
        units: new Array(4).fill({ width: 11, dilation: 1 }),
      })
      expect(checkpoint.tensors.size).toBe(4 + 4 * 12 + 4)
      expect([...checkpoint.tensors.keys()].some((name) => name.includes('num_batches_tracked'))).toBe(false)
    }
  })

  it('with the prefix of DataParallel', () => {
    const [checkpoint] = read(safetensorsFile(renamed(base, (name) => `module.${name}`)))
    expect(valuesOf(checkpoint)).toEqual(valuesOf(read(safetensorsFile(base))[0]))
  })

  it.each([
    [
      'a unit too few',
      without(base, /residual_units\.4\./),
      FormatError,
      /unknown number of residual_units: expected 5, 10, 15 or 20.*got 4/,
    ],
    [
      'a missing tensor',
      without(base, /residual_units\.2\.batchnorm2\.running_var/),
      FormatError,
      /tensor residual_units\.2\.batchnorm2\.running_var: missing/,
    ],
    [
      'another width',
      { ...base, 'residual_units.1.conv1.weight': f32Tensor([3, 3, 9], new Array(81)) },
      ShapeError,
      /conv1\.weight: unknown architecture.*expected width 11.*got 9/,
    ],
    [
      'a wrong shape',
      { ...base, 'final_conv.weight': f32Tensor([3, 4, 1], new Array(12)) },
      ShapeError,
      /final_conv\.weight: wrong shape: expected \[3,3,1\], got \[3,4,1\]/,
    ],
    [
      'a negative variance',
      { ...base, 'residual_units.0.batchnorm1.running_var': f32Tensor([3], [1, -1, 1]) },
      FormatError,
      /running_var: negative variance/,
    ],
    [
      'a tensor too many',
      { ...base, 'extra.weight': f32Tensor([1], [1]) },
      FormatError,
      /tensor extra\.weight: not part of the SpliceAI family/,
    ],
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
    expect(checkpoint.architecture).toEqual({
      kind: 'splice-hyena',
      modelWidth: 4,
      stemWidth: 5,
      blocks: [
        { type: 'conv', width: 3, dilation: 2 },
        { type: 'hyena', taps: 9, shortTaps: 3 },
        { type: 'mlp', hidden: 8 },
      ],
    })
    expect(checkpoint.card).toEqual({ licence: 'Apache-2.0' })
    expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(tensors))
    const half = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape }]) => [
        name,
        {
          dtype: 'F16',
          shape,
          bytes: new Uint8Array(new Uint16Array(shape.reduce((a, b) => a * b, 1)).fill(0x3c00).buffer),
        },
      ]),
    )
    expect([...read(safetensorsFile(half), config)[0].tensors.get('head.bias')!.data]).toEqual([1, 1, 1])
  })

  it('members of an ensemble in one file', () => {
    const { config, tensors } = spliceHyenaFiles()
    const both = {
      ...renamed(tensors, (name) => `members.0.${name}`),
      ...renamed(tensors, (name) => `members.1.${name}`),
    }
    const checkpoints = read(safetensorsFile(both), { ...config, members: 2 })
    expect(checkpoints).toHaveLength(2)
    expect(valuesOf(checkpoints[1])).toEqual(valuesOf(read(safetensorsFile(tensors), config)[0]))
    expect(() => read(safetensorsFile(without(both, /members\.1\.blocks\.1\.D/)), { ...config, members: 2 })).toThrow(
      /tensor members\.1\.blocks\.1\.D: missing/,
    )
    expect(() => read(safetensorsFile(both), { ...config, members: 1 })).toThrow(/tensor stem\.weight: missing/)
    expect(() => read(safetensorsFile(both), { ...config, members: 3 })).toThrow(
      /tensor members\.2\.stem\.weight: missing/,
    )
  })

  const { config, tensors } = spliceHyenaFiles()
  it.each([
    [
      'an unknown block',
      { ...config, blocks: [{ type: 'attention' }] },
      /config\.json blocks\[0\]: type: expected conv, hyena or mlp, got attention/,
    ],
    ['a block that is none', { ...config, blocks: [3] }, /config\.json: blocks\[0\]: expected an object/],
    ['no blocks', { ...config, blocks: undefined }, /config\.json: blocks/],
    ['an even width', { ...config, stem_width: 6 }, /config\.json: stem_width: expected an odd number, got 6/],
    [
      'a missing size',
      { ...config, d_model: undefined },
      /config\.json: d_model: expected a positive integer, got nothing/,
    ],
    ['other tracks', { ...config, tracks: ['donor'] }, /config\.json: tracks/],
    [
      'fewer blocks than tensors',
      { ...config, blocks: config.blocks.slice(0, 2) },
      /tensor blocks\.2\.norm\.weight: not part of the network that config\.json describes/,
    ],
    [
      'more taps than the file has',
      { ...config, blocks: [config.blocks[0], { type: 'hyena', taps: 11, short_taps: 3 }] },
      /tensor blocks\.1\.filter: wrong shape: expected \[4,11\], got \[4,9\]/,
    ],
  ])('%s is an error that names it', (_, spoiled, message) => {
    expect(() => read(safetensorsFile(tensors), spoiled)).toThrow(message)
  })
})

describe('what is not a model', () => {
  it('tensors of something else, and a config of something else', () => {
    const file = safetensorsFile({ 'bert.embeddings.weight': f32Tensor([2], [1, 2]), b: f32Tensor([], [0]) })
    expect(() => read(file)).toThrow(
      /m\.safetensors: unknown architecture: expected HyenaDNA, OpenSpliceAI or.*got tensors b, bert\.embeddings\.weight|got tensors bert\.embeddings\.weight, b/,
    )
    expect(() => read(file, { model_type: 'bert' })).toThrow(/unknown architecture \(config\.json says bert\)/)
    expect(() => read(safetensorsFile({}))).toThrow(/got a file without tensors/)
  })
})
