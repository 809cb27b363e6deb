import { expect, it } from 'vitest'
import { Random } from '../../src/training/random.ts'
import { Sampler } from '../../src/training/sampler.ts'
import { segmentShift, segments, type TrainingData, visibleBit } from '../../src/training/training-data.ts'

const length = 4000
/** A gene on each strand, with a site wherever the base says so: after A A an acceptor of the plus strand, before it one of the minus strand. */
function data(): TrainingData {
  const random = new Random(5)
  const codes = Uint8Array.from({ length }, () => random.whole(0, 4))
  const targets = { '+': new Uint8Array(length), '-': new Uint8Array(length) }
  for (let p = 2; p < length - 2; p++) {
    const [plus, minus] = [codes[p - 1] + codes[p - 2] === 0, codes[p + 1] === 3 && codes[p + 2] === 3]
    targets['+'][p] = visibleBit | (segments.intron << segmentShift) | (plus ? 1 : 0)
    targets['-'][p] = visibleBit | (segments.intron << segmentShift) | (minus ? 1 : 0)
  }
  const gene = { name: 'g', stretch: 0, start: 2, end: length - 2 }
  return {
    stretches: [{ contig: 'c', start: 0, codes, targets }],
    genes: [
      { ...gene, strand: '+' },
      { ...gene, strand: '-' },
    ],
  }
}

it('labels stand where the letters say, on both strands, and only in cores', () => {
  const shape = { core: 100, halo: 30, count: 40 }
  const size = shape.core + 2 * shape.halo
  const sampler = new Sampler(data(), new Random(1), shape)
  let [sites, others] = [0, 0]
  for (let k = 0; k < 5; k++) {
    const { codes, labels } = sampler.row()
    expect(codes.length).toBe(shape.count * size)
    expect(labels.length).toBe(codes.length - 2 * shape.halo)
    for (const [t, label] of labels.entries()) {
      if (t % size >= shape.core) expect(label).toBe(-1)
      if (label === -1) continue
      const [near, far] = [codes[t + shape.halo - 1], codes[t + shape.halo - 2]]
      // Letters near a site are never changed; elsewhere a changed letter may look like one.
      if (label === 1) expect([near, far]).toEqual([0, 0])
      else if (near === 0 && far === 0) others++
      if (label === 1) sites++
    }
  }
  expect(sites).toBeGreaterThan(200)
  expect(others).toBeLessThan(sites / 20)
})

it('numbers are the same again from a kept state', () => {
  const random = new Random(3)
  random.uniform()
  const again = new Random(9)
  again.state = random.state
  expect(Array.from({ length: 5 }, () => again.uniform())).toEqual(Array.from({ length: 5 }, () => random.uniform()))
})
