import { describe, expect, it } from 'vitest'
import { ShapeError } from '../../src/errors.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { dilatedConv } from '../oracle/dilated-conv.ts'
import * as oracle from '../oracle/gradients.ts'
import { flat, type Matrix, matrix } from '../oracle/linear.ts'
import { forEachBuild, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'
import { framed } from '../support/framed.ts'

/** Of the largest gradient. */
const bound = 1e-5

/** outChannels, inChannels, width, dilation, length: widths computed directly and by transforms, tile borders, primes, one of each. */
const shapes: [number, number, number, number, number][] = [
  [1, 1, 1, 1, 1],
  [3, 5, 1, 1, 2049],
  [2, 4, 3, 2, 4097],
  [32, 4, 11, 1, 1024],
  [32, 32, 11, 1, 5333],
  [5, 7, 11, 12, 3001],
  [32, 32, 11, 96, 2000],
  [6, 3, 21, 10, 777],
  [4, 6, 41, 25, 1500],
  [2, 2, 5, 1, 1],
  [1, 33, 9, 3, 64],
]

forEachBuild('dilatedConvWeights', (backend) => {
  it.each(shapes)(
    '%i x %i, width %i, dilation %i, %i positions',
    async (outChannels, inChannels, width, dilation, length) => {
      const b = backend()
      const x = randomArray(inChannels * (length + (width - 1) * dilation), 1)
      const g = randomArray(outChannels * length, 2)
      const [scale, shift] = [randomArray(inChannels, 3), randomArray(inChannels, 4)]
      for (const before of [undefined, { scale, shift }]) {
        const weightGradient = poisoned(b, outChannels, inChannels * width)
        const biasGradient = poisoned(b, outChannels, 1)
        b.ops.dilatedConvWeights({
          weightGradient,
          biasGradient,
          input: tensorOf(b, inChannels, x),
          gradient: tensorOf(b, outChannels, g),
          width,
          dilation,
          before: before && { scale: b.weights(scale, [inChannels]), shift: b.weights(shift, [inChannels]) },
        })
        const expected = oracle.dilatedConvWeights(matrix(x, inChannels), matrix(g, outChannels), width, dilation, {
          before,
        })
        expect(relativeError(await b.read(weightGradient), flat(expected.weight))).toBeLessThan(bound)
        expect(relativeError(await b.read(biasGradient), expected.bias)).toBeLessThan(bound)
      }
    },
  )

  it('works on views and leaves their surroundings alone', async () => {
    const b = backend()
    const [outChannels, inChannels, width, dilation, length] = [6, 5, 11, 2, 301]
    const x = randomArray(inChannels * (length + 20), 1)
    const g = randomArray(outChannels * length, 2)
    const weight = framed(b, outChannels, inChannels * width)
    const bias = framed(b, outChannels, 1, { before: 3 })
    b.ops.dilatedConvWeights({
      weightGradient: weight.view,
      biasGradient: bias.view,
      input: framed(b, inChannels, length + 20, { before: 3, data: x }).view,
      gradient: framed(b, outChannels, length, { before: 6, data: g }).view,
      width,
      dilation,
    })
    const expected = oracle.dilatedConvWeights(matrix(x, inChannels), matrix(g, outChannels), width, dilation)
    expect(relativeError(await weight.read(), flat(expected.weight))).toBeLessThan(bound)
    expect(relativeError(await bias.read(), expected.bias)).toBeLessThan(bound)
  })
})

forEachBuild('affineLeakyGradient', (backend) => {
  it.each([
    [1, 1, 0, 0],
    [5, 2049, 3, 7],
    [32, 4096, 120, 0],
    [3, 6001, 0, 2500],
  ])('%i channels, %i positions, padding %i, margin %i', async (channels, length, padding, margin) => {
    const b = backend()
    const [x, g] = [randomArray(channels * length, 1), randomArray(channels * length, 2)]
    const skip = randomArray(channels * (length - 2 * margin), 5)
    const [scale, shift] = [randomArray(channels, 3), randomArray(channels, 4)]
    for (const hasSkip of [false, true]) {
      const out = framed(b, channels, length + 2 * padding)
      const scaleGradient = framed(b, channels, 1)
      const shiftGradient = framed(b, channels, 1, { before: 2 })
      b.ops.affineLeakyGradient({
        out: out.view,
        scaleGradient: scaleGradient.view,
        shiftGradient: shiftGradient.view,
        input: framed(b, channels, length, { before: 3, data: x }).view,
        gradient: tensorOf(b, channels, g),
        scale: b.weights(scale, [channels]),
        shift: b.weights(shift, [channels]),
        skip: hasSkip ? tensorOf(b, channels, skip) : undefined,
      })
      const expected = oracle.affineLeakyGradient(matrix(x, channels), matrix(g, channels), { scale, shift })
      const whole = expected.input.map((row, c) => {
        const padded = new Float64Array(length + 2 * padding)
        padded.set(row, padding)
        const added = hasSkip ? length - 2 * margin : 0
        for (let t = 0; t < added; t++) padded[padding + margin + t] += skip[c * added + t]
        return padded
      })
      expect(relativeError(await out.read(), flat(whole))).toBeLessThan(bound)
      expect(relativeError(await scaleGradient.read(), expected.scale)).toBeLessThan(bound)
      expect(relativeError(await shiftGradient.read(), expected.shift)).toBeLessThan(bound)
    }
  })
})

forEachBuild('normGradient', (backend) => {
  it.each([
    [1, 1],
    [32, 1027],
    [7, 512],
    [33, 3],
  ])('%i channels, %i positions', async (channels, length) => {
    const b = backend()
    const [x, g] = [randomArray(channels * length, 1), randomArray(channels * length, 2)]
    const weight = randomArray(channels, 3)
    const epsilon = 1e-2
    const out = framed(b, channels, length)
    const [weightGradient, biasGradient] = [framed(b, channels, 1), framed(b, channels, 1)]
    b.ops.normGradient({
      out: out.view,
      weightGradient: weightGradient.view,
      biasGradient: biasGradient.view,
      input: framed(b, channels, length, { before: 3, data: x }).view,
      gradient: tensorOf(b, channels, g),
      norm: { weight: b.weights(weight, [channels]), bias: b.weights(weight, [channels]), epsilon },
    })
    const expected = oracle.normGradient(matrix(x, channels), matrix(g, channels), weight, epsilon)
    const scale = channels === 1 ? 1 : undefined // a single channel is its own mean: its gradient is 0
    const gotInput = await out.read()
    if (scale) expect(Math.max(...gotInput.map(Math.abs))).toBeLessThan(bound)
    else expect(relativeError(gotInput, flat(expected.input))).toBeLessThan(bound)
    if (scale) expect(Math.abs((await weightGradient.read())[0])).toBeLessThan(bound)
    else expect(relativeError(await weightGradient.read(), expected.weight)).toBeLessThan(bound)
    expect(relativeError(await biasGradient.read(), expected.bias)).toBeLessThan(bound)
  })
})

forEachBuild('crossEntropy', (backend) => {
  it.each([
    [1, 1],
    [3, 2051],
    [6, 64],
  ])('%i classes, %i positions, large and small logits, no labels', async (classes, length) => {
    const b = backend()
    const logits = randomArray(classes * length, 1).map((v) => v * 40)
    const labels = Float32Array.from({ length }, (_, t) => (t % 5 === 3 ? -1 : t % classes))
    for (let t = 3; t < length; t += 5) logits[t] = Number.NaN // where there is no label nothing is read into the result
    const gradient = framed(b, classes, length)
    const loss = framed(b, 1, length, { before: 2 })
    b.ops.crossEntropy({
      gradient: gradient.view,
      loss: loss.view,
      logits: framed(b, classes, length, { before: 3, data: logits }).view,
      labels: framed(b, 1, length, { before: 4, data: labels }).view,
      scale: 0.25,
    })
    const expected = oracle.crossEntropy(matrix(logits, classes), labels, 0.25)
    if (classes > 1) {
      expect(relativeError(await loss.read(), expected.loss)).toBeLessThan(bound)
      expect(relativeError(await gradient.read(), flat(expected.gradient))).toBeLessThan(bound)
    } else expect([...(await loss.read()), ...(await gradient.read())]).toEqual([0, 0])
  })
})

describe('the references themselves, by central differences', () => {
  const [channels, length] = [3, 9]
  const x = randomArray(channels * length, 1)
  const g = randomArray(channels * length, 2)
  const dot = (a: Matrix, b: ArrayLike<number>): number => flat(a).reduce((sum, v, i) => sum + v * b[i], 0)
  const agree = (got: ArrayLike<number>, expected: ArrayLike<number>): void =>
    expect(relativeError(got, expected)).toBeLessThan(1e-7)

  it('dilatedConv', () => {
    const [width, dilation] = [3, 2]
    const g5 = randomArray(2 * 5, 3)
    const before = { scale: randomArray(channels, 5), shift: randomArray(channels, 6) }
    const weight = randomArray(2 * channels * width, 4)
    const value = (w: Float64Array): number =>
      dot(dilatedConv(matrix(x, channels), w, [0, 0], width, dilation, { before }), g5)
    agree(
      flat(oracle.dilatedConvWeights(matrix(x, channels), matrix(g5, 2), width, dilation, { before }).weight),
      oracle.slopeOf(value, weight),
    )
  })

  it('affine and leaky', () => {
    const [scale, shift] = [randomArray(channels, 3), randomArray(channels, 4)]
    const value = (x: ArrayLike<number>, scale: ArrayLike<number>, shift: ArrayLike<number>): number => {
      const rows = matrix(x, channels).map((row, c) =>
        row.map((v) => (v * scale[c] + shift[c] > 0 ? 1 : 0.1) * (v * scale[c] + shift[c])),
      )
      return dot(rows, g)
    }
    const got = oracle.affineLeakyGradient(matrix(x, channels), matrix(g, channels), { scale, shift })
    agree(
      flat(got.input),
      oracle.slopeOf((v) => value(v, scale, shift), x),
    )
    agree(
      got.scale,
      oracle.slopeOf((v) => value(x, v, shift), scale),
    )
    agree(
      got.shift,
      oracle.slopeOf((v) => value(x, scale, v), shift),
    )
  })

  it('norm', () => {
    const weight = randomArray(channels, 3)
    const epsilon = 1e-3
    const value = (x: ArrayLike<number>, weight: ArrayLike<number>): number => {
      const rows = matrix(x, channels)
      const out = rows.map((row) => new Float64Array(row.length))
      for (let t = 0; t < length; t++) {
        const mean = rows.reduce((sum, row) => sum + row[t], 0) / channels
        const variance = rows.reduce((sum, row) => sum + (row[t] - mean) ** 2, 0) / channels
        for (const [c, row] of rows.entries()) out[c][t] = ((row[t] - mean) / Math.sqrt(variance + epsilon)) * weight[c]
      }
      return dot(out, g)
    }
    const got = oracle.normGradient(matrix(x, channels), matrix(g, channels), weight, epsilon)
    agree(
      flat(got.input),
      oracle.slopeOf((v) => value(v, weight), x),
    )
    agree(
      got.weight,
      oracle.slopeOf((v) => value(x, v), weight),
    )
  })

  it('softmax cross-entropy', () => {
    const labels = [0, 2, 1, -1, 2, 0, 1, 1, -1]
    const value = (x: ArrayLike<number>): number =>
      oracle.crossEntropy(matrix(x, channels), labels, 1).loss.reduce((sum, v) => sum + v, 0)
    agree(flat(oracle.crossEntropy(matrix(x, channels), labels, 1).gradient), oracle.slopeOf(value, x))
  })
})

describe('gradients on cpu', () => {
  it('are the same bits every time, whichever thread is faster', async () => {
    const b = createCpuBackend({ threads: 3 })
    const x = tensorOf(b, 32, randomArray(32 * 8010, 1))
    const g = tensorOf(b, 32, randomArray(32 * 8000, 2))
    const once = async (): Promise<Float32Array> => {
      const weightGradient = poisoned(b, 32, 32 * 11)
      b.ops.dilatedConvWeights({
        weightGradient,
        biasGradient: poisoned(b, 32, 1),
        input: x,
        gradient: g,
        width: 11,
        dilation: 1,
      })
      return b.read(weightGradient)
    }
    const first = await once()
    for (let i = 0; i < 5; i++) expect(await once()).toEqual(first)
    await b.destroy()
  })

  it('says what does not fit', async () => {
    const b = createCpuBackend({ threads: 1 })
    const [x, g] = [b.tensor(2, 20), b.tensor(3, 10)]
    const outputs = { weightGradient: b.tensor(3, 22), biasGradient: b.tensor(3, 1) }
    expect(() => b.ops.dilatedConvWeights({ ...outputs, input: x, gradient: g, width: 11, dilation: 2 })).toThrow(
      ShapeError,
    )
    expect(() => b.ops.dilatedConvWeights({ ...outputs, input: x, gradient: g, width: 11, dilation: 0 })).toThrow(
      'bad dilation',
    )
    await b.destroy()
  })
})
