import { expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadCheckpoints } from '../../pipelines/models/load-checkpoint.ts'
import { architectureOf } from '../../src/training/architectures.ts'
import { createModel } from '../../src/model/create-model.ts'
import { forEachBackend } from '../support/backends.ts'
import { runAll } from '../support/run-model.ts'
import { readTensor } from '../support/shared.ts'

/** PyTorch's probabilities for the exported weights, written by training/export.py. */
const golden = fileURLToPath(new URL('../../training/golden.safetensors', import.meta.url))
const config = fileURLToPath(new URL('../../models/splice/config.json', import.meta.url))

it('the network that train makes by default is the beginning of the shipped one', async () => {
  const [{ architecture }] = await loadCheckpoints('splice')
  if (architecture.kind !== 'splice-hyena') throw new Error('not our own network')
  expect(architectureOf('splice')).toEqual({ ...architecture, blocks: architecture.blocks.slice(0, 10) })
})

forEachBackend('the shipped splice model', (backend) => {
  it('gives what PyTorch gives for the same weights', async () => {
    const sequence = String.fromCharCode(...readTensor(golden, 'sequence').values)
    const expected = readTensor(golden, 'probability_f64').values // [length, 3]: neither, acceptor, donor
    const model = createModel(await loadCheckpoints('splice'), backend())
    expect(model.info.receptiveField).toEqual(JSON.parse(readFileSync(config, 'utf8')).receptive_field)
    expect(model.edits).toBeDefined() // variants are scored against kept activations
    const got = await runAll(model, sequence, ['neither', 'acceptor', 'donor'])
    for (const [k, track] of ['neither', 'acceptor', 'donor'].entries()) {
      const worst = got[track].reduce((w, v, t) => Math.max(w, Math.abs(v - expected[3 * t + k])), 0)
      expect(worst, track).toBeLessThan(1e-5)
    }
    expect(Math.max(...got['donor'])).toBeGreaterThan(0.5) // the golden gene has real sites
    model.close()
  })
})
