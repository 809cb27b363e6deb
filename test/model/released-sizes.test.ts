import { expect, it } from 'vitest'
import { hyenaSizes } from '../../pipelines/models/known-models.ts'
import { hyenaCodes } from '../../src/model/alphabet.ts'
import type { Checkpoint, HyenaArchitecture } from '../../src/model/checkpoint.ts'
import { createModel } from '../../src/model/create-model.ts'
import { hyenaStates } from '../oracle/hyena.ts'
import type { Matrix } from '../oracle/linear.ts'
import { forEachBackend, relativeError } from '../support/backends.ts'
import { randomHyena, smallHyena } from '../support/random-checkpoints.ts'
import { ascii, randomBases, runAll } from '../support/run-model.ts'

// HyenaDNA of every released shape: its width, layers and filters, with random weights as its authors start from. What is read
// of each layer is what naive float64 has. The sequence is short; fixtures (layer-state.test.ts) have long ones.
const bases = randomBases(45, 7)
const ids = Array.from(ascii(bases), (b) => hyenaCodes[b])
const isThorough = process.env['GENOCONV_THOROUGH'] === '1'

function released(width: number, layerCount: number, length: number): Checkpoint {
  const architecture: HyenaArchitecture = {
    ...smallHyena,
    modelWidth: width,
    layerCount,
    innerWidth: 4 * width,
    maxLength: length + 2,
    filterMlpWidth: 64,
  }
  const checkpoint = randomHyena(architecture)
  for (const [name, { data }] of checkpoint.tensors)
    if (/(proj|fc[12])\.weight$/.test(name)) for (let i = 0; i < data.length; i++) data[i] *= 2 / Math.sqrt(width)
  return checkpoint
}

const references = new Map<string, readonly Matrix[]>()

forEachBackend('states of every released size', (backend) => {
  it.each(hyenaSizes)('$name', async ({ name, width, layers, length }) => {
    const checkpoint = released(width, layers, length)
    const found = references.get(name)
    const states = found ?? hyenaStates(checkpoint.architecture as HyenaArchitecture, checkpoint.tensors, ids)
    references.set(name, states)
    const whole = createModel([checkpoint], backend())
    const all = [-1, ...Array.from({ length: layers + 1 }, (_, i) => i)]
    for (const layer of isThorough ? all : [-1, 1]) {
      const model = whole.atLayer(layer)
      expect(model.info.tracks).toHaveLength(width)
      const channels = model.info.tracks.map((track) => track.name)
      const rows = Object.values(await runAll(model, bases, channels, { chunkBases: layer === -1 ? 17 : undefined }))
      const [got, expected] = [rows, states.at(layer)!].map((matrix) => matrix.flatMap((row) => Array.from(row)))
      const error = relativeError(got, expected)
      if (isThorough) console.log(`${name}, layer ${layer}: ${error.toExponential(1)}`)
      expect(error).toBeLessThan(5e-6)
      model.close()
    }
    whole.close()
  })
})
