import type {
  Architecture,
  Checkpoint,
  HyenaArchitecture,
  NamedTensor,
  OpenSpliceArchitecture,
  PangolinArchitecture,
  ResidualTrunk,
  SpliceHyenaArchitecture,
} from '../../src/model/checkpoint.ts'
import { randomArray } from './backends.ts'

/** Collects seeded random tensors; scale and offset keep activations in a sensible range. */
class Builder {
  readonly tensors = new Map<string, NamedTensor>()
  #seed = 1
  add(name: string, shape: readonly number[], scale: number, offset = 0): this {
    const count = shape.reduce((a, b) => a * b, 1)
    this.tensors.set(name, { shape, data: randomArray(count, this.#seed++).map((v) => v * scale + offset) })
    return this
  }
  checkpoint(name: string, architecture: Architecture): Checkpoint {
    return { name, architecture, tensors: this.tensors, sha256: '0'.repeat(64) }
  }
}

export const smallHyena: HyenaArchitecture = {
  kind: 'hyena',
  modelWidth: 8,
  layerCount: 2,
  innerWidth: 32,
  maxLength: 150,
  embeddingSize: 5,
  filterMlpWidth: 8,
  shortFilterLength: 3,
  layerNormEpsilon: 1e-5,
  vocabularySize: 16,
}
export function randomHyena(a: HyenaArchitecture = smallHyena): Checkpoint {
  const d = a.modelWidth
  const b = new Builder().add('backbone.embeddings.word_embeddings.weight', [a.vocabularySize, d], 1)
  for (let i = 0; i < a.layerCount; i++) {
    const p = `backbone.layers.${i}`
    const f = `${p}.mixer.filter_fn`
    b.add(`${p}.norm1.weight`, [d], 0.3, 1)
      .add(`${p}.norm1.bias`, [d], 0.3)
      .add(`${p}.norm2.weight`, [d], 0.3, 1)
      .add(`${p}.norm2.bias`, [d], 0.3)
    b.add(`${p}.mixer.in_proj.weight`, [3 * d, d], 0.5).add(`${p}.mixer.in_proj.bias`, [3 * d], 0.3)
    b.add(`${p}.mixer.short_filter.weight`, [3 * d, 1, 3], 0.6).add(`${p}.mixer.short_filter.bias`, [3 * d], 0.3)
    b.add(`${p}.mixer.out_proj.weight`, [d, d], 0.5).add(`${p}.mixer.out_proj.bias`, [d], 0.3)
    b.add(`${p}.mlp.fc1.weight`, [a.innerWidth, d], 0.5).add(`${p}.mlp.fc1.bias`, [a.innerWidth], 0.3)
    b.add(`${p}.mlp.fc2.weight`, [d, a.innerWidth], 0.3).add(`${p}.mlp.fc2.bias`, [d], 0.3)
    b.add(`${f}.bias`, [d], 0.5)
      .add(`${f}.implicit_filter.1.freq`, [1, a.filterMlpWidth], 1, 5)
      .add(`${f}.modulation.deltas`, [1, 1, d], 4, 8)
    b.add(`${f}.implicit_filter.0.weight`, [a.filterMlpWidth, a.embeddingSize], 0.5).add(
      `${f}.implicit_filter.0.bias`,
      [a.filterMlpWidth],
      0.3,
    )
    for (const n of [2, 4])
      b.add(`${f}.implicit_filter.${n}.weight`, [a.filterMlpWidth, a.filterMlpWidth], 0.3).add(
        `${f}.implicit_filter.${n}.bias`,
        [a.filterMlpWidth],
        0.3,
      )
    b.add(`${f}.implicit_filter.6.weight`, [d, a.filterMlpWidth], 0.2)
  }
  b.add('backbone.ln_f.weight', [d], 0.3, 1)
    .add('backbone.ln_f.bias', [d], 0.3)
    .add('lm_head.weight', [a.vocabularySize, d], 1)
  return b.checkpoint('random-hyena', a)
}

export const smallOpenSplice: OpenSpliceArchitecture = {
  kind: 'openspliceai',
  channelCount: 6,
  contextBases: 2 * (4 * 1 * 2 + 4 * 3 * 2),
  units: [...Array(4).fill({ width: 3, dilation: 1 }), ...Array(4).fill({ width: 3, dilation: 3 })],
}
export const randomOpenSplice = (a: OpenSpliceArchitecture = smallOpenSplice): Checkpoint =>
  residualTensors(a, 3).checkpoint('random-openspliceai', a)

export const smallPangolin: PangolinArchitecture = { ...smallOpenSplice, kind: 'pangolin', slope: 0 }
export const randomPangolin = (a: PangolinArchitecture = smallPangolin): Checkpoint =>
  residualTensors(a, 12).checkpoint('random-pangolin', a)

function residualTensors(a: ResidualTrunk, logitCount: number): Builder {
  const n = a.channelCount
  const b = new Builder().add('initial_conv.weight', [n, 4, 1], 1).add('initial_conv.bias', [n], 0.3)
  b.add('initial_skip.conv.weight', [n, n, 1], 0.5).add('initial_skip.conv.bias', [n], 0.3)
  let index = 0
  a.units.forEach(({ width }, i) => {
    const p = `residual_units.${index++}`
    for (const bn of ['batchnorm1', 'batchnorm2']) {
      b.add(`${p}.${bn}.weight`, [n], 0.3, 1)
        .add(`${p}.${bn}.bias`, [n], 0.3)
        .add(`${p}.${bn}.running_mean`, [n], 0.3)
        .add(`${p}.${bn}.running_var`, [n], 0.3, 1)
    }
    for (const conv of ['conv1', 'conv2'])
      b.add(`${p}.${conv}.weight`, [n, n, width], 0.3).add(`${p}.${conv}.bias`, [n], 0.3)
    if (i % 4 === 3)
      b.add(`residual_units.${index}.conv.weight`, [n, n, 1], 0.5).add(`residual_units.${index++}.conv.bias`, [n], 0.3)
  })
  return b.add('final_conv.weight', [logitCount, n, 1], 0.5).add('final_conv.bias', [logitCount], 0.3)
}

export const smallSpliceHyena: SpliceHyenaArchitecture = {
  kind: 'splice-hyena',
  modelWidth: 8,
  stemWidth: 5,
  blocks: [
    { type: 'conv', width: 3, dilation: 2 },
    { type: 'hyena', taps: 41, shortTaps: 3 },
    { type: 'mlp', hidden: 16 },
    { type: 'hyena', taps: 9, shortTaps: 5 },
  ],
}
export function randomSpliceHyena(a: SpliceHyenaArchitecture = smallSpliceHyena): Checkpoint {
  const d = a.modelWidth
  const b = new Builder().add('stem.weight', [d, 4, a.stemWidth], 0.6).add('stem.bias', [d], 0.3)
  a.blocks.forEach((block, i) => {
    const p = `blocks.${i}`
    if (block.type === 'conv') {
      for (const n of ['1', '2']) {
        b.add(`${p}.aff${n}.scale`, [d], 0.3, 1).add(`${p}.aff${n}.shift`, [d], 0.3)
        b.add(`${p}.conv${n}.weight`, [d, d, block.width], 0.3).add(`${p}.conv${n}.bias`, [d], 0.3)
      }
      return
    }
    b.add(`${p}.norm.weight`, [d], 0.3, 1).add(`${p}.norm.bias`, [d], 0.3)
    if (block.type === 'mlp') {
      b.add(`${p}.fc1.weight`, [block.hidden, d], 0.5)
        .add(`${p}.fc1.bias`, [block.hidden], 0.3)
        .add(`${p}.fc2.weight`, [d, block.hidden], 0.3)
        .add(`${p}.fc2.bias`, [d], 0.3)
      return
    }
    b.add(`${p}.in_proj.weight`, [3 * d, d], 0.5).add(`${p}.in_proj.bias`, [3 * d], 0.3)
    b.add(`${p}.short.weight`, [3 * d, block.shortTaps], 0.5).add(`${p}.short.bias`, [3 * d], 0.3)
    b.add(`${p}.filter`, [d, block.taps], 0.3).add(`${p}.D`, [d], 0.5)
    b.add(`${p}.out_proj.weight`, [d, d], 0.5).add(`${p}.out_proj.bias`, [d], 0.3)
  })
  b.add('norm.weight', [d], 0.3, 1).add('norm.bias', [d], 0.3).add('head.weight', [3, d], 1).add('head.bias', [3], 0.3)
  return b.checkpoint('random-splice-hyena', a)
}
