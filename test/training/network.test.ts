import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { TrainableArchitecture } from '../../src/training/architectures.ts'
import { lossAndGradients } from '../../src/training/network.ts'
import { forEachBackend, relativeError } from '../support/backends.ts'

interface Golden {
  readonly architecture: TrainableArchitecture
  readonly siteWeight: number
  readonly segmentWeight: number
  readonly tensors: Record<string, { shape: number[]; data: number[] }>
  readonly codes: number[]
  readonly labels: number[]
  readonly segments: number[] | null
  readonly siteLoss: number
  readonly segmentLoss: number | null
  readonly gradients: Record<string, number[]>
}

/** Made by test/training/make-golden.py. */
const golden = (name: string): Golden =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`golden/${name}.json`, import.meta.url)), 'utf8'))

forEachBackend('gradients of whole networks', (backend) => {
  it.each(['splice', 'openspliceai'])('%s: as autograd in float64', async (name) => {
    const { architecture, tensors, siteLoss, segmentLoss, gradients, ...g } = golden(name)
    const got = await lossAndGradients(
      backend(),
      architecture,
      new Map(Object.entries(tensors).map(([k, { shape, data }]) => [k, { shape, data: Float32Array.from(data) }])),
      {
        codes: Float32Array.from(g.codes),
        labels: Float32Array.from(g.labels),
        segments: g.segments ? Float32Array.from(g.segments) : undefined,
      },
      g,
    )
    expect(got.siteLoss).toBeCloseTo(siteLoss, 5)
    if (segmentLoss !== null) expect(got.segmentLoss).toBeCloseTo(segmentLoss, 5)
    expect([...got.gradients.keys()].sort()).toEqual(Object.keys(gradients).sort())
    const largest = Math.max(...Object.values(gradients).flat().map(Math.abs))
    for (const [key, expected] of Object.entries(gradients)) {
      const scale = Math.max(...expected.map(Math.abs)) / largest
      expect(relativeError(got.gradients.get(key)!, expected) * scale, key).toBeLessThan(1e-5)
    }
  })
})
