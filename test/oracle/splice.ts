import type { NamedTensor, ResidualTrunk, SpliceHyenaArchitecture } from '../../src/model/checkpoint.ts'
import { geluTanh, layerNorm, linear, type Matrix } from './linear.ts'

const leaky = (x: number): number => (x > 0 ? x : 0.1 * x)

/** Cross-correlation with zeros outside ("same" padding), weight [out, in, width] row-major. */
export function sameConv(
  x: Matrix,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  outChannels: number,
  width: number,
  dilation: number,
): Matrix {
  const length = x[0].length
  return Array.from({ length: outChannels }, (_, o) =>
    Float64Array.from({ length }, (_, t) => {
      let sum = bias[o]
      x.forEach((row, i) => {
        for (let j = 0; j < width; j++) {
          const s = t + (j - (width - 1) / 2) * dilation
          if (s >= 0 && s < length) sum += weight[(o * x.length + i) * width + j] * row[s]
        }
      })
      return sum
    }),
  )
}
const add = (a: Matrix, b: Matrix): Matrix => a.map((row, c) => row.map((v, t) => v + b[c][t]))

function oneHot(bases: string, padding: number): Matrix {
  const padded = 'N'.repeat(padding) + bases + 'N'.repeat(padding)
  return [...'ACGT'].map((base) => Float64Array.from(padded, (letter) => (letter === base ? 1 : 0)))
}
const crop = (x: Matrix, margin: number): Matrix => x.map((row) => row.slice(margin, row.length - margin))

/** Naive float64 SpliceAI network as published: zero padding inside, skips summed, cropped at the end. Logits [rows of final_conv][bases]. */
export function openSpliceLogits(a: ResidualTrunk, tensors: ReadonlyMap<string, NamedTensor>, bases: string): Matrix {
  const p = (name: string): Float32Array => tensors.get(`final_conv.${name}`)!.data
  return sameConv(openSpliceState(a, tensors, bases, -1), p('weight'), p('bias'), p('bias').length, 1, 1)
}

/** Its state [channels][bases]: what the first units leave, 0 or more of them, or the sum of the skips (-1). */
export function openSpliceState(
  a: ResidualTrunk,
  tensors: ReadonlyMap<string, NamedTensor>,
  bases: string,
  layer: number,
): Matrix {
  const p = (name: string): Float32Array => tensors.get(name)!.data
  const n = a.channelCount
  const { slope = 0.1, batchNormEpsilon = 1e-5 } = a
  const leaky = (x: number): number => (x > 0 ? x : slope * x)
  const pointwise = (x: Matrix, name: string, out: number): Matrix =>
    sameConv(x, p(`${name}.weight`), p(`${name}.bias`), out, 1, 1)
  const batchNorm = (x: Matrix, prefix: string): Matrix =>
    x.map((row, c) =>
      row.map(
        (v) =>
          ((v - p(`${prefix}.running_mean`)[c]) / Math.sqrt(p(`${prefix}.running_var`)[c] + batchNormEpsilon)) *
            p(`${prefix}.weight`)[c] +
          p(`${prefix}.bias`)[c],
      ),
    )
  let x = pointwise(oneHot(bases, a.contextBases / 2), 'initial_conv', n)
  let skip = pointwise(x, 'initial_skip.conv', n)
  let index = 0
  a.units.slice(0, layer === -1 ? undefined : layer).forEach(({ width, dilation }, i) => {
    const prefix = `residual_units.${index++}`
    let y: Matrix = batchNorm(x, `${prefix}.batchnorm1`).map((row) => row.map(leaky))
    y = sameConv(y, p(`${prefix}.conv1.weight`), p(`${prefix}.conv1.bias`), n, width, dilation)
    y = batchNorm(y, `${prefix}.batchnorm2`).map((row) => row.map(leaky))
    x = add(x, sameConv(y, p(`${prefix}.conv2.weight`), p(`${prefix}.conv2.bias`), n, width, dilation))
    if (i % 4 === 3) skip = add(skip, pointwise(x, `residual_units.${index++}.conv`, n))
  })
  return crop(layer === -1 ? skip : x, a.contextBases / 2)
}

/** Naive float64 Pangolin: for each tissue the second of a softmax over two, and a sigmoid. Tracks by name, [bases] each. */
export function pangolinTracks(
  a: ResidualTrunk,
  tensors: ReadonlyMap<string, NamedTensor>,
  bases: string,
): Record<string, Float64Array> {
  const logits = openSpliceLogits(a, tensors, bases)
  return Object.fromEntries(
    ['heart', 'liver', 'brain', 'testis'].flatMap((tissue, i) => {
      const [not, spliced, usage] = logits.slice(3 * i, 3 * i + 3)
      return [
        [`${tissue}_splice`, spliced.map((v, t) => Math.exp(v) / (Math.exp(v) + Math.exp(not[t])))],
        [`${tissue}_usage`, usage.map((v) => 1 / (1 + Math.exp(-v)))],
      ]
    }),
  )
}

/** Naive float64 version of our own splice model (training/README.md), "same" padding inside and cropped at the end. Logits [3][bases]. */
export function spliceHyenaLogits(
  a: SpliceHyenaArchitecture,
  tensors: ReadonlyMap<string, NamedTensor>,
  bases: string,
  margin: number,
): Matrix {
  const p = (name: string): Float32Array => tensors.get(`head.${name}`)!.data
  return linear(spliceHyenaState(a, tensors, bases, margin, -1), p('weight'), p('bias'), 3)
}

/** Its state [channels][bases]: what the first blocks leave, 0 or more of them, or all of them after the norm (-1). */
export function spliceHyenaState(
  a: SpliceHyenaArchitecture,
  tensors: ReadonlyMap<string, NamedTensor>,
  bases: string,
  margin: number,
  layer: number,
): Matrix {
  const p = (name: string): Float32Array => tensors.get(name)!.data
  const d = a.modelWidth
  let r = sameConv(oneHot(bases, margin), p('stem.weight'), p('stem.bias'), d, a.stemWidth, 1)
  a.blocks.slice(0, layer === -1 ? undefined : layer).forEach((block, i) => {
    const q = (name: string): Float32Array => p(`blocks.${i}.${name}`)
    if (block.type === 'conv') {
      const affine = (x: Matrix, name: string): Matrix =>
        x.map((row, c) => row.map((v) => leaky(v * q(`${name}.scale`)[c] + q(`${name}.shift`)[c])))
      const y = sameConv(affine(r, 'aff1'), q('conv1.weight'), q('conv1.bias'), d, block.width, block.dilation)
      r = add(r, sameConv(affine(y, 'aff2'), q('conv2.weight'), q('conv2.bias'), d, block.width, block.dilation))
      return
    }
    const normed = layerNorm(r, q('norm.weight'), q('norm.bias'), 1e-5)
    if (block.type === 'mlp') {
      const hidden = linear(normed, q('fc1.weight'), q('fc1.bias'), block.hidden).map((row) => row.map(geluTanh))
      r = add(r, linear(hidden, q('fc2.weight'), q('fc2.bias'), d))
      return
    }
    const u = linear(normed, q('in_proj.weight'), q('in_proj.bias'), 3 * d)
    const s = u.map(
      (row, c) =>
        sameConv(
          [row],
          q('short.weight').subarray(c * block.shortTaps, (c + 1) * block.shortTaps),
          [q('short.bias')[c]],
          1,
          block.shortTaps,
          1,
        )[0],
    )
    const y = Array.from({ length: d }, (_, c) => {
      const g = s[d + c].map((x1, t) => x1 * s[2 * d + c][t])
      return g.map((v, t) => {
        let sum = q('D')[c] * v
        for (let j = 0; j < block.taps; j++)
          sum += q('filter')[c * block.taps + j] * (g[t + (block.taps - 1) / 2 - j] ?? 0)
        return sum * s[c][t]
      })
    })
    r = add(r, linear(y, q('out_proj.weight'), q('out_proj.bias'), d))
  })
  return layer === -1 ? layerNorm(crop(r, margin), p('norm.weight'), p('norm.bias'), 1e-5) : crop(r, margin)
}
