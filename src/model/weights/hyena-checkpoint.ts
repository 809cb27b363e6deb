import { FormatError, ShapeError } from '../../errors.ts'
import type { HyenaArchitecture, NamedTensor } from '../checkpoint.ts'
import type { ModelConfig } from './model-config.ts'
import type { RawWeights } from './raw-tensor.ts'
import { brief } from './json.ts'
import { TensorPicker } from './tensor-picker.ts'

/** Rows of the embedding that the tokens A, C, G, T, N (7 to 11) need. */
const tokenCount = 12
const embeddingSuffix = 'embeddings.word_embeddings.weight'

export const looksLikeHyena = (names: Iterable<string>): boolean =>
  [...names].some(
    (name) =>
      name.endsWith('mixer.filter_fn.implicit_filter.0.weight') ||
      name.endsWith('mixer.layer.filter_fn.implicit_filter.0.weight'),
  )

/**
 * Reads a HyenaDNA checkpoint in any of its name forms (docs/models.md, section 1): `hyena.backbone.…` of the Hugging Face form,
 * `backbone.…` of the original, `model.backbone.…` of Lightning, and what fine-tunes put before them.
 *
 * @param config the file's config.json (either form of its keys); without one everything comes from the tensors' shapes
 * @throws FormatError, ShapeError naming the tensor
 */
export function readHyena(
  weights: RawWeights,
  config: ModelConfig | undefined,
  onWarning: (text: string) => void,
): { architecture: HyenaArchitecture; tensors: ReadonlyMap<string, NamedTensor> } {
  const { names, otherHeads } = canonicalNames(weights)
  const picker = new TensorPicker(weights, names)
  const architecture = readArchitecture(picker, config, weights.where)
  takeTensors(picker, architecture, weights.where)
  if (!picker.has('lm_head.weight')) {
    // HyenaDNA is trained with the head tied to the embedding; the original form stores it once.
    picker.taken.set('lm_head.weight', picker.taken.get(`backbone.${embeddingSuffix}`)!)
    if (otherHeads.length > 0) {
      onWarning(
        `${weights.where}: a fine-tuned checkpoint: its head (${otherHeads.map((name) => `${name} [${weights.tensors.get(name)!.shape}]`).join(', ')}) ` +
          'is left out, and its backbone is run as a language model with the head tied to the embedding',
      )
    }
  }
  return { architecture, tensors: picker.taken }
}

function canonicalNames(weights: RawWeights): { names: Map<string, string>; otherHeads: string[] } {
  const { where, tensors } = weights
  const prefixes = [...tensors.keys()]
    .filter((name) => name === embeddingSuffix || name.endsWith(`.${embeddingSuffix}`))
    .map((name) => name.slice(0, -embeddingSuffix.length))
  if (prefixes.length === 0) {
    throw new FormatError({
      where: `${where} tensor backbone.${embeddingSuffix}`,
      what: 'missing from the file',
      remedy: 'a HyenaDNA checkpoint has it',
    })
  }
  if (prefixes.length > 1) {
    throw new FormatError({
      where,
      what: 'several models in one file',
      expected: `one ${embeddingSuffix}`,
      got: prefixes.map((prefix) => prefix + embeddingSuffix).join(', '),
    })
  }
  const prefix = prefixes[0]
  const names = new Map<string, string>()
  const otherHeads: string[] = []
  for (const name of tensors.keys()) {
    if (name.startsWith(prefix)) {
      // `.layer` stands where Lightning wrapped a module for activation checkpointing.
      names.set(
        `backbone.${name.slice(prefix.length).replace('.mixer.layer.', '.mixer.').replace('.mlp.layer.', '.mlp.')}`,
        name,
      )
    } else if (/(^|\.)lm_head\.weight$/.test(name)) {
      names.set('lm_head.weight', name)
    } else if (/weight$|bias$/.test(name)) {
      otherHeads.push(name)
    }
  }
  // A backbone saved on its own has its head beside it, without a prefix to tell them apart.
  if (prefix === '') {
    for (const name of [...names.keys()]) {
      if (/^backbone\.lm_head\.weight$/.test(name)) names.set('lm_head.weight', names.get(name)!)
      if (!/^backbone\.(embeddings|layers|ln_f)\./.test(name)) names.delete(name)
    }
  }
  return { names, otherHeads }
}

function readArchitecture(picker: TensorPicker, config: ModelConfig | undefined, where: string): HyenaArchitecture {
  const [vocabularySize, modelWidth] = picker.shape(`backbone.${embeddingSuffix}`, 2) as [number, number]
  if (vocabularySize < tokenCount) {
    throw new ShapeError({
      where: picker.where(`backbone.${embeddingSuffix}`),
      what: 'too few rows for the tokens A, C, G, T, N',
      expected: `at least ${tokenCount}`,
      got: `${vocabularySize}`,
    })
  }
  let layerCount = 0
  for (const name of picker.names) {
    const layer = /^backbone\.layers\.(\d{1,4})\./.exec(name)
    if (layer) layerCount = Math.max(layerCount, Number(layer[1]) + 1)
  }
  const filter = 'backbone.layers.0.mixer.filter_fn.'
  const [filterMlpWidth, embeddingSize] = picker.shape(`${filter}implicit_filter.0.weight`, 2) as [number, number]
  const [, , shortFilterLength] = picker.shape('backbone.layers.0.mixer.short_filter.weight', 3) as [
    number,
    number,
    number,
  ]
  const [innerWidth] = picker.shape('backbone.layers.0.mlp.fc1.weight', 2) as [number]
  if (embeddingSize < 3 || embeddingSize % 2 === 0) {
    throw new ShapeError({
      where: picker.where(`${filter}implicit_filter.0.weight`),
      what: 'position features',
      expected: 'an odd number of at least 3',
      got: `${embeddingSize}`,
    })
  }

  // The original form keeps the mixer's settings in `layer`, the Hugging Face form beside the others.
  const layer = config?.section('layer')
  const same = (key: string, actual: number, tensor: string, value = config?.optionalCount(key)): void => {
    if (value !== undefined && value !== actual) {
      throw new ShapeError({
        where: picker.where(tensor),
        what: `does not fit ${config!.where}`,
        expected: `${key} ${value}`,
        got: `${actual}`,
      })
    }
  }
  same('d_model', modelWidth, `backbone.${embeddingSuffix}`)
  same('n_layer', layerCount, `backbone.layers.${layerCount - 1}.mixer.in_proj.weight`)
  same('d_inner', innerWidth, 'backbone.layers.0.mlp.fc1.weight')
  same('emb_dim', embeddingSize, `${filter}implicit_filter.0.weight`)
  same('emb_dim', embeddingSize, `${filter}implicit_filter.0.weight`, layer?.optionalCount('emb_dim'))
  same('filter_order', filterMlpWidth, `${filter}implicit_filter.0.weight`)
  same('filter_order', filterMlpWidth, `${filter}implicit_filter.0.weight`, layer?.optionalCount('filter_order'))
  same('short_filter_order', shortFilterLength, 'backbone.layers.0.mixer.short_filter.weight')
  for (const [key, only] of [
    ['hyena_order', 2],
    ['num_inner_mlps', 2],
  ] as const) {
    const value = config?.optionalCount(key)
    if (value !== undefined && value !== only) config!.fail(key, `${only}, as every published HyenaDNA has`, value)
  }
  const epsilon = config?.values['layer_norm_epsilon'] ?? 1e-5
  if (typeof epsilon !== 'number' || !(epsilon > 0)) config!.fail('layer_norm_epsilon', 'a positive number', epsilon)

  const fromConfig = config?.optionalCount('max_seq_len') ?? layer?.optionalCount('l_max')
  const table = ['z', 't'].map((letter) => `${filter}pos_emb.${letter}`).find((name) => picker.has(name))
  const fromTable = table === undefined ? undefined : picker.shape(table, 3)[1]
  if (fromConfig !== undefined && table !== undefined) same('max_seq_len', fromTable!, table, fromConfig)
  const maxLength = fromConfig ?? fromTable
  if (maxLength === undefined) {
    throw new FormatError({
      where,
      what: 'the length of its filters is not known: the file has no pos_emb tables',
      expected: 'a config.json beside it with max_seq_len (or layer.l_max)',
      remedy: 'copy the config.json of the model it comes from into the same folder',
    })
  }
  if (maxLength < 2) throw new FormatError({ where, what: 'max_seq_len', expected: 'at least 2', got: `${maxLength}` })
  return {
    kind: 'hyena',
    modelWidth,
    layerCount,
    innerWidth,
    maxLength,
    embeddingSize,
    filterMlpWidth,
    shortFilterLength,
    layerNormEpsilon: epsilon as number,
    vocabularySize,
  }
}

function takeTensors(picker: TensorPicker, architecture: HyenaArchitecture, where: string): void {
  const {
    modelWidth: d,
    innerWidth,
    maxLength,
    embeddingSize,
    filterMlpWidth: width,
    shortFilterLength,
    vocabularySize,
  } = architecture
  const known = new Set<string>()
  const take = (name: string, shape: readonly number[]): NamedTensor => {
    known.add(name)
    return picker.take(name, shape)
  }
  take(`backbone.${embeddingSuffix}`, [vocabularySize, d])
  if (picker.has('lm_head.weight')) take('lm_head.weight', [vocabularySize, d])
  for (let i = 0; i < architecture.layerCount; i++) {
    const layer = `backbone.layers.${i}.`
    for (const norm of ['norm1', 'norm2']) for (const part of ['weight', 'bias']) take(`${layer}${norm}.${part}`, [d])
    const dense = (name: string, outputs: number, inputs: number): void => {
      take(`${layer}${name}.weight`, [outputs, inputs])
      take(`${layer}${name}.bias`, [outputs])
    }
    dense('mixer.in_proj', 3 * d, d)
    dense('mixer.out_proj', d, d)
    take(`${layer}mixer.short_filter.weight`, [3 * d, 1, shortFilterLength])
    take(`${layer}mixer.short_filter.bias`, [3 * d])
    dense('mlp.fc1', innerWidth, d)
    dense('mlp.fc2', d, innerWidth)
    dense('mixer.filter_fn.implicit_filter.0', width, embeddingSize)
    dense('mixer.filter_fn.implicit_filter.2', width, width)
    dense('mixer.filter_fn.implicit_filter.4', width, width)
    const filter = `${layer}mixer.filter_fn.`
    take(`${filter}implicit_filter.6.weight`, [d, width])
    take(`${filter}modulation.deltas`, [1, 1, d])
    take(`${filter}bias`, [d])
    const frequency = take(`${filter}implicit_filter.1.freq`, [1, width])
    for (const alias of [3, 5].map((index) => `${filter}implicit_filter.${index}.freq`)) {
      if (!picker.has(alias)) continue
      const other = take(alias, [1, width])
      if (other.data.some((value, c) => value !== frequency.data[c])) {
        throw new FormatError({
          where: picker.where(alias),
          what: 'differs from implicit_filter.1.freq',
          expected: 'one frequency shared by the three sines, as HyenaDNA has',
        })
      }
      picker.taken.delete(alias)
    }
    if (picker.has(`${filter}pos_emb.z`)) take(`${filter}pos_emb.z`, [1, maxLength, embeddingSize])
    if (picker.has(`${filter}pos_emb.t`)) take(`${filter}pos_emb.t`, [1, maxLength, 1])
  }
  for (const part of ['weight', 'bias']) take(`backbone.ln_f.${part}`, [d])
  const unknown = [...picker.names].filter((name) => !known.has(name))
  if (unknown.length > 0) {
    throw new FormatError({
      where: `${where} tensor ${unknown[0]}`,
      what: 'not part of HyenaDNA: unknown architecture',
      got: brief(unknown.join(', ')),
    })
  }
}
