import { expect, it } from 'vitest'
import type {
  HyenaArchitecture,
  OpenSpliceArchitecture,
  PangolinArchitecture,
  SpliceHyenaArchitecture,
} from '../../src/model/checkpoint.ts'
import { createModel } from '../../src/model/create-model.ts'
import { LimitError } from '../../src/errors.ts'
import type { Model, RunPlan } from '../../src/model/model.ts'
import { hyenaCodes } from '../../src/model/alphabet.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { hyenaLogits } from '../oracle/hyena.ts'
import { openSpliceLogits, pangolinTracks, spliceHyenaLogits } from '../oracle/splice.ts'
import type { Matrix } from '../oracle/linear.ts'
import { forEachBuild, relativeError } from '../support/backends.ts'
import { randomHyena, randomOpenSplice, randomPangolin, randomSpliceHyena } from '../support/random-checkpoints.ts'
import { ascii, pieces, randomBases, runAll } from '../support/run-model.ts'

const softmax = (logits: Matrix): Matrix => {
  const exps = logits.map((row) => row.map(Math.exp))
  return exps.map((row) => row.map((v, t) => v / exps.reduce((s, r) => s + r[t], 0)))
}
const letters = (bases: string): string => bases.toUpperCase().replaceAll('U', 'T')

forEachBuild('whole models against naive float64', (backend) => {
  it.each([1, 2, 61, 400])('SpliceAI family, %i bases', async (length) => {
    const checkpoint = randomOpenSplice()
    const model = createModel([checkpoint], backend())
    const bases = randomBases(length, length)
    const [neither, acceptor, donor] = softmax(
      openSpliceLogits(checkpoint.architecture as OpenSpliceArchitecture, checkpoint.tensors, letters(bases)),
    )
    const got = await runAll(model, bases, ['acceptor', 'donor', 'neither'])
    expect(relativeError(got['acceptor'], acceptor)).toBeLessThan(5e-6)
    expect(relativeError(got['donor'], donor)).toBeLessThan(5e-6)
    expect(relativeError(got['neither'], neither)).toBeLessThan(5e-6)
    model.close()
  })

  it.each([1, 2, 61, 400])('Pangolin, %i bases', async (length) => {
    const checkpoint = randomPangolin()
    const model = createModel([checkpoint], backend())
    const bases = randomBases(length, length)
    const expected = pangolinTracks(checkpoint.architecture as PangolinArchitecture, checkpoint.tensors, letters(bases))
    const names = model.info.tracks.map(({ name }) => name)
    expect(names).toEqual(Object.keys(expected))
    const got = await runAll(model, bases, names)
    for (const name of names) expect(relativeError(got[name], expected[name])).toBeLessThan(5e-6)
    model.close()
  })

  it.each([1, 2, 300])('own splice model, %i bases', async (length) => {
    const checkpoint = randomSpliceHyena()
    const model = createModel([checkpoint], backend())
    const bases = randomBases(length, length)
    const margin = model.info.receptiveField.left
    const [, acceptor, donor] = softmax(
      spliceHyenaLogits(checkpoint.architecture as SpliceHyenaArchitecture, checkpoint.tensors, letters(bases), margin),
    )
    const got = await runAll(model, bases, ['acceptor', 'donor'])
    expect(relativeError(got['acceptor'], acceptor)).toBeLessThan(5e-6)
    expect(relativeError(got['donor'], donor)).toBeLessThan(5e-6)
    model.close()
  })

  it.each([1, 2, 65, 400])('HyenaDNA, %i bases, filters of 150 taps', async (length) => {
    const checkpoint = randomHyena()
    const model = createModel([checkpoint], backend())
    const bases = randomBases(length, length)
    const logits = hyenaLogits(
      checkpoint.architecture as HyenaArchitecture,
      checkpoint.tensors,
      Array.from(ascii(bases), (b) => hyenaCodes[b]),
    )
    const p = softmax(logits.slice(7, 11))
    const got = await runAll(model, bases, ['log_likelihood', 'p_a', 'p_t', 'entropy'])
    const expected = Array.from(letters(bases), (letter, t) =>
      t === 0 || !'ACGT'.includes(letter) ? Number.NaN : Math.log(p['ACGT'.indexOf(letter)][t - 1]),
    )
    expect(Array.from(got['log_likelihood'], Number.isNaN)).toEqual(expected.map(Number.isNaN))
    const zero = (values: ArrayLike<number>): number[] => Array.from(values, (v) => (Number.isNaN(v) ? 0 : v))
    if (length > 2) expect(relativeError(zero(got['log_likelihood']), zero(expected))).toBeLessThan(1e-5)
    expect(got['p_a'][0]).toBeNaN()
    if (length > 1) expect(relativeError(got['p_a'].subarray(1), p[0].subarray(0, -1))).toBeLessThan(1e-5)
    model.close()
  })
})

forEachBuild('long filters', (backend) => {
  it('the first predictions, sums of few products, are as exact as the later ones', async () => {
    const checkpoint = randomHyena({ ...(randomHyena().architecture as HyenaArchitecture), maxLength: 60_000 })
    for (const [name, { data }] of checkpoint.tensors) {
      if (/implicit_filter\.6/.test(name)) for (let i = 0; i < data.length; i++) data[i] *= 30 // what comes later is thousands of times larger
      if (/deltas/.test(name)) data.fill(0)
    }
    const model = createModel([checkpoint], backend())
    const bases = randomBases(60_000, 11)
    const few = bases.slice(0, 300)
    const logits = hyenaLogits(
      checkpoint.architecture as HyenaArchitecture,
      checkpoint.tensors,
      Array.from(ascii(few), (b) => hyenaCodes[b]),
    )
    const p = softmax(logits.slice(7, 11))
    for (const chunkBases of [undefined, 30_000]) {
      const got = await runAll(model, bases, ['p_a', 'p_t'], { chunkBases })
      for (const [track, row] of [
        ['p_a', 0],
        ['p_t', 3],
      ] as const) {
        const errors = Array.from(p[row], (v, t) => Math.abs(got[track][t + 1] - v))
        expect(Math.max(...errors.slice(0, 64))).toBeLessThan(5e-6) // 1e-3 by the transform alone
        expect(Math.max(...errors.slice(0, -1))).toBeLessThan(2e-5)
      }
    }
    model.close()
  })
})

/** All plans of a run, from the one of most memory down. */
function plansOf(model: Model, length: number): RunPlan[] {
  const plans: RunPlan[] = []
  for (let memoryBytes = 2 ** 33; ; memoryBytes = plans.at(-1)!.memoryBytes - 1) {
    try {
      plans.push(model.plan({ memoryBytes, tracks: [], length, leftContext: 0, rightContext: 0 }))
    } catch (error) {
      if (error instanceof LimitError) return plans
      throw error
    }
  }
}

forEachBuild('laws of whole models', (backend) => {
  const models = {
    hyena: randomHyena,
    'SpliceAI family': randomOpenSplice,
    Pangolin: randomPangolin,
    'own splice model': randomSpliceHyena,
  }
  for (const [name, make] of Object.entries(models)) {
    const some: Record<string, string[]> = {
      hyena: ['log_likelihood', 'p_c'],
      Pangolin: ['heart_splice', 'testis_usage'],
    }
    const tracks = some[name] ?? ['acceptor', 'donor']
    it(`${name}: any chunk gives the same values`, async () => {
      const model = createModel([make()], backend())
      const bases = randomBases(700, 3)
      const whole = await runAll(model, bases, tracks)
      for (const chunkBases of [64, 65, 101, 333, 699]) {
        const chunked = await runAll(model, bases, tracks, { chunkBases })
        for (const track of tracks)
          expect(Math.max(...whole[track].map((v, t) => Math.abs(v - chunked[track][t]) || 0))).toBeLessThan(2e-6)
      }
      model.close()
    })
    it(`${name}: a region with its receptive field equals the slice of the whole`, async () => {
      const model = createModel([make()], backend())
      const bases = randomBases(1500, 4)
      const whole = await runAll(model, bases, tracks)
      const { left, right } = model.info.receptiveField
      const [start, end] = [600, 900]
      const region = await runAll(model, bases.slice(start - left, end + right), tracks, {
        leftContext: left,
        rightContext: right,
      })
      for (const track of tracks) {
        const slice = whole[track].subarray(start, end)
        expect(Array.from(region[track], Number.isNaN)).toEqual(Array.from(slice, Number.isNaN))
        expect(Math.max(...slice.map((v, t) => Math.abs(v - region[track][t]) || 0))).toBeLessThan(2e-6)
      }
      model.close()
    })
    it(`${name}: packed pieces equal runs of their own`, async () => {
      const model = createModel([make()], backend())
      const shapes = [
        [0, 1, 0],
        [5, 40, 3],
        [700, 100, 900],
        [0, 333, 0],
        [33, 64, 47],
      ] as const
      const inputs = shapes.map(([left, length, right], i) => ({
        text: randomBases(left + length + right, i + 20),
        leftContext: left,
        length,
        rightContext: right,
      }))
      const packed = await model.runPieces(
        inputs.map(({ text, ...piece }) => ({ ...piece, bases: ascii(text) })),
        { tracks, memoryBytes: 2 ** 33 },
      )
      for (const [i, { text, ...piece }] of inputs.entries()) {
        const alone = await runAll(model, text, tracks, piece)
        for (const track of tracks) {
          expect(Array.from(packed[i][track], Number.isNaN)).toEqual(Array.from(alone[track], Number.isNaN))
          expect(Math.max(...alone[track].map((v, t) => Math.abs(v - packed[i][track][t]) || 0))).toBeLessThan(2e-6)
        }
      }
      model.close()
    })
    it(`${name}: a resumed run gives the same bits`, async () => {
      const model = createModel([make()], backend())
      const bases = randomBases(900, 8)
      const whole = await runAll(model, bases, tracks, { chunkBases: 100 })
      for (const doneBases of [1, 100, 350, 899]) {
        const plan = model.plan({
          memoryBytes: 2 ** 33,
          tracks,
          length: 900,
          leftContext: 0,
          rightContext: 0,
          chunkBases: 100,
        })
        for await (const values of model.run(pieces(bases), plan, { doneBases })) {
          for (const track of tracks)
            expect(values.tracks[track]).toEqual(
              whole[track].slice(values.start, values.start + values.tracks[track].length),
            )
        }
      }
      model.close()
    })
    it(`${name}: unknown length gives the same, and memory goes back`, async () => {
      const before = backend().memory.currentBytes
      const model = createModel([make()], backend())
      const bases = randomBases(500, 5)
      const known = await runAll(model, bases, tracks, { chunkBases: 128 })
      const unknown = await runAll(model, bases, tracks, { chunkBases: 128, length: Number.POSITIVE_INFINITY })
      for (const track of tracks) expect(unknown[track]).toEqual(known[track])
      model.close()
      expect(backend().memory.currentBytes).toBe(before)
    })
  }
  it('HyenaDNA with its channels in groups: the same values in less memory', async () => {
    const model = createModel(
      [randomHyena({ ...(randomHyena().architecture as HyenaArchitecture), maxLength: 3000 })],
      backend(),
    )
    const bases = randomBases(3000, 9)
    const whole = await runAll(model, bases, ['log_likelihood'])
    const seen = new Set<string>()
    for (const { lines, memoryBytes } of plansOf(model, bases.length)) {
      const [groups] = /channels in \d+ groups/.exec(lines[0]) ?? []
      if (!groups || seen.has(groups)) continue
      seen.add(groups)
      // Blocks are shorter too, so transforms differ: 5.6e-6 was seen.
      const grouped = await runAll(model, bases, ['log_likelihood'], { memoryBytes })
      expect(
        Math.max(...whole['log_likelihood'].map((v, t) => Math.abs(v - grouped['log_likelihood'][t]) || 0)),
      ).toBeLessThan(2e-5)
    }
    expect(seen.size).toBeGreaterThan(0)
    model.close()
  })
  it('an ensemble is the mean of its members', async () => {
    const a = randomOpenSplice()
    const b = {
      ...a,
      tensors: new Map(
        [...a.tensors].map(([n, t]) => [n, n === 'final_conv.weight' ? { ...t, data: t.data.map((v) => -v) } : t]),
      ),
    }
    const bases = randomBases(200, 6)
    const [one, other, both] = await Promise.all(
      [[a], [b], [a, b]].map((members) => runAll(createModel(members, backend()), bases, ['donor'])),
    )
    expect(
      relativeError(
        both['donor'],
        one['donor'].map((v, t) => (v + other['donor'][t]) / 2),
      ),
    ).toBeLessThan(1e-6)
  })
})

it('HyenaDNA within little memory: every run gets the plan of the first, whatever filters it kept', async () => {
  const backend = createCpuBackend({ threads: 1 }) // a GPU's tables, made in the first run, stay and count
  const model = createModel(
    [randomHyena({ ...(randomHyena().architecture as HyenaArchitecture), maxLength: 6000 })],
    backend,
  )
  const bases = randomBases(6000, 9)
  const steps = (memoryBytes: number): readonly string[] =>
    model.plan({ memoryBytes, tracks: [], length: bases.length, leftContext: 0, rightContext: 0 }).lines
  const first = new Map(
    plansOf(model, bases.length)
      .slice(0, 8)
      .map(({ memoryBytes, lines }) => [memoryBytes, lines]),
  )
  expect([...first.values()].some((lines) => /channels in/.test(lines[0]))).toBe(true)
  for (const [memoryBytes, lines] of [...first, ...first]) {
    await runAll(model, bases, ['log_likelihood'], { memoryBytes })
    for (const [other, otherLines] of first) expect(steps(other)).toEqual(otherLines)
    expect(steps(memoryBytes)).toEqual(lines)
  }
  model.close()
  await backend.destroy()
})
