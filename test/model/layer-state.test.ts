import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { loadCheckpoints } from '../../pipelines/models/load-checkpoint.ts'
import { hyenaCodes } from '../../src/model/alphabet.ts'
import type {
  Checkpoint,
  HyenaArchitecture,
  OpenSpliceArchitecture,
  SpliceHyenaArchitecture,
} from '../../src/model/checkpoint.ts'
import { createModel } from '../../src/model/create-model.ts'
import type { Model, RunRequest } from '../../src/model/model.ts'
import { hyenaState } from '../oracle/hyena.ts'
import { flat, type Matrix } from '../oracle/linear.ts'
import { openSpliceState, spliceHyenaState } from '../oracle/splice.ts'
import { forEachBackend, relativeError } from '../support/backends.ts'
import { randomHyena, randomOpenSplice, randomSpliceHyena } from '../support/random-checkpoints.ts'
import { ascii, randomBases, runAll } from '../support/run-model.ts'
import { describeShared, readTensors, sharedPath } from '../support/shared.ts'

const channelsOf = ({ info }: Model): string[] => info.tracks.map(({ name }) => name)

/** A state, [channels * bases]. */
async function stateOf(model: Model, bases: string, options: Partial<RunRequest> = {}): Promise<Float32Array> {
  const tracks = await runAll(model, bases, channelsOf(model), options)
  const rows = Object.values(tracks)
  const out = new Float32Array(rows.length * rows[0].length)
  for (const [c, row] of rows.entries()) out.set(row, c * row.length)
  return out
}

const ids = (bases: string): number[] => Array.from(ascii(bases), (b) => hyenaCodes[b])
const letters = (bases: string): string => bases.toUpperCase().replaceAll('U', 'T')

interface Family {
  readonly make: () => Checkpoint
  readonly layers: readonly number[]
  readonly expected: (checkpoint: Checkpoint, bases: string, layer: number) => Matrix
}
const families: Record<string, Family> = {
  HyenaDNA: {
    make: randomHyena,
    layers: [-1, 0, 1, 2],
    expected: ({ architecture, tensors }, bases, layer) =>
      hyenaState(architecture as HyenaArchitecture, tensors, ids(bases), layer),
  },
  'SpliceAI family': {
    make: randomOpenSplice,
    layers: [-1, 0, 3, 4, 8],
    expected: ({ architecture, tensors }, bases, layer) =>
      openSpliceState(architecture as OpenSpliceArchitecture, tensors, letters(bases), layer),
  },
  'own splice model': {
    make: randomSpliceHyena,
    layers: [-1, 0, 1, 2, 3, 4],
    expected: ({ architecture, tensors }, bases, layer) =>
      spliceHyenaState(architecture as SpliceHyenaArchitecture, tensors, letters(bases), 60, layer),
  },
}

forEachBackend('states of layers', (backend) => {
  for (const [name, { make, layers, expected }] of Object.entries(families)) {
    it.each(layers)(`${name}, layer %i: as naive float64 has it, in any chunk`, async (layer) => {
      const checkpoint = make()
      const model = createModel([checkpoint], backend()).atLayer(layer)
      for (const length of [1, 2, 400]) {
        const bases = randomBases(length, length)
        const reference = flat(expected(checkpoint, bases, layer))
        for (const chunkBases of [undefined, 64, 101])
          expect(relativeError(await stateOf(model, bases, { chunkBases }), reference)).toBeLessThan(5e-6)
      }
      model.close()
    })

    it(`${name}: a region with its receptive field has the values of the whole, alone and packed`, async () => {
      const whole = createModel([make()], backend())
      for (const layer of [-1, 1]) {
        const model = whole.atLayer(layer)
        const { left, right } = model.info.receptiveField
        expect(left).toBeLessThanOrEqual(whole.info.receptiveField.left)
        const bases = randomBases(1500, 4)
        const all = await runAll(model, bases, channelsOf(model))
        const [start, end] = [600, 900]
        const cut = bases.slice(start - left, end + right)
        const around = { leftContext: left, rightContext: right }
        const alone = await runAll(model, cut, channelsOf(model), around)
        const piece = { bases: ascii(cut), length: end - start, ...around }
        const options = { tracks: channelsOf(model), memoryBytes: 2 ** 33 }
        const [packed] = await model.runPieces([piece, { ...piece, length: 1 }], options)
        for (const channel of channelsOf(model)) {
          const slice = all[channel].subarray(start, end)
          expect(relativeError(alone[channel], slice)).toBeLessThan(2e-6)
          expect(relativeError(packed[channel], slice)).toBeLessThan(2e-6)
        }
        model.close()
      }
      whole.close()
    })
  }

  it('parts of a block longer than what is read out at a time are all there', async () => {
    const model = createModel([randomHyena()], backend()).atLayer(-1)
    const bases = randomBases(40_000, 6)
    const whole = await stateOf(model, bases)
    const other = await stateOf(model, bases, { chunkBases: 20_000 })
    expect(whole.every((v) => Number.isFinite(v))).toBe(true)
    expect(relativeError(other, whole)).toBeLessThan(2e-6)
    model.close()
  })

  it('of an ensemble is the first member', async () => {
    const ensemble = createModel([randomOpenSplice(), { ...randomOpenSplice(), name: 'second' }], backend())
    const [of, alone] = [ensemble.atLayer(-1), createModel([randomOpenSplice()], backend()).atLayer(-1)]
    expect(of.info).toEqual(alone.info)
    expect(await stateOf(of, randomBases(50, 1))).toEqual(await stateOf(alone, randomBases(50, 1)))
    for (const model of [ensemble, of, alone]) model.close()
  })

  it('refuses layers that there are not', () => {
    const model = createModel([randomHyena()], backend())
    for (const layer of [-2, 3, 0.5]) expect(() => model.atLayer(layer)).toThrow(/`layer`: .* -1 .* 0 to 2/)
    model.close()
  })
})

describeShared('reference states', () => {
  forEachBackend('HyenaDNA', (backend) => {
    it.each([
      ['hyena-tiny-random', 1024, 5e-6],
      ['hyena-tiny-wild-l4101', 4099, 5e-4],
    ])('%s: every layer, in one block and in several', async (folder, length, bound) => {
      const text = readFileSync(sharedPath(`fixtures/${folder}/input_${length}.json`), 'utf8')
      const { sequence } = JSON.parse(text) as { sequence: string }
      const taps = readTensors(sharedPath(`fixtures/${folder}/expected_${length}.safetensors`))
      const positions = Array.from(taps.get('tap_positions')!.values)
      const whole = createModel(await loadCheckpoints(sharedPath(`fixtures/${folder}`)), backend())
      for (const [layer, tap] of [
        [-1, 'tap.hidden'],
        [0, 'tap.embed'],
        [1, 'tap.layer0.out'],
        [2, 'tap.layer1.out'],
      ] as const) {
        const model = whole.atLayer(layer)
        const { values, shape } = taps.get(tap)!
        expect(shape).toEqual([positions.length, 128])
        for (const chunkBases of [undefined, 500]) {
          const tracks = await runAll(model, sequence, channelsOf(model), { chunkBases })
          const got = positions.flatMap((t) => Object.values(tracks).map((row) => row[t]))
          expect(relativeError(got, values)).toBeLessThan(bound)
        }
        model.close()
      }
      whole.close()
    })
  })
})
