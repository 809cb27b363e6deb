import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FormatError, GenoconvError, ShapeError } from '../../../src/errors.ts'
import { createModel } from '../../../src/model/create-model.ts'
import { parseWeights, readCheckpoints } from '../../../src/model/weights/read-checkpoint.ts'
import type { Checkpoint } from '../../../src/model/checkpoint.ts'
import { forEachBackend } from '../../support/backends.ts'
import { runAll } from '../../support/run-model.ts'
import { f32Tensor, safetensorsFile } from '../../support/safetensors-file.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url))
const bytes = new Uint8Array(readFileSync(golden('final.2.4.3.v2')))
const expected = JSON.parse(readFileSync(golden('pangolin-nano.expected.json'), 'utf8')) as {
  sequence: string
  tracks: Record<string, number[]>
}
const warnings: string[] = []
/** Under the published name of a network, or another. */
const read = (name: string, content: Uint8Array = bytes): Checkpoint[] =>
  readCheckpoints({ name, weights: { name, bytes: content, sha256: '0' } }, (text) => warnings.push(text))
const allTracks = ['heart', 'liver', 'brain', 'testis'].flatMap((tissue) => [`${tissue}_splice`, `${tissue}_usage`])

forEachBackend("Pangolin's networks", (backend) => {
  it('all heads give what PyTorch gives in float64, where the name does not say the tissue', async () => {
    warnings.length = 0
    const model = createModel(read('copy.pt'), backend())
    expect(warnings).toEqual([expect.stringMatching(/^copy\.pt: the name does not say which tissue/)])
    expect(model.info).toMatchObject({ family: 'splice', receptiveField: { left: 40, right: 40 } })
    expect(model.info.tracks.map(({ name }) => name)).toEqual(allTracks)
    const got = await runAll(model, expected.sequence, allTracks)
    for (const track of allTracks) {
      const values = expected.tracks[track]
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.05)
      for (const [t, value] of values.entries()) expect(Math.abs(got[track][t] - value)).toBeLessThan(2e-6)
    }
    model.close()
  })
  it('a published name says the tissue; of several tissues each is the mean of its own replicates', async () => {
    warnings.length = 0
    const brain = read('models/final.2.4.3.v2')
    const halved = read('final.1.4.3.v2').map((checkpoint) => ({
      ...checkpoint,
      tensors: new Map([...checkpoint.tensors].map(([n, t]) => [n, { ...t, data: t.data.map((v) => v / 2) }])),
    }))
    const testis = read('final.3.6.3.v2')
    expect(warnings).toEqual([])
    const run = async (members: readonly Checkpoint[]): Promise<Record<string, Float32Array>> => {
      const model = createModel(members, backend())
      const values = await runAll(
        model,
        expected.sequence,
        model.info.tracks.map(({ name }) => name),
      )
      model.close()
      return values
    }
    const [one, other, all] = [await run(brain), await run(halved), await run([...brain, ...testis, ...halved])]
    expect(Object.keys(one)).toEqual(['brain_splice', 'brain_usage'])
    expect(Object.keys(all)).toEqual(['brain_splice', 'brain_usage', 'testis_splice', 'testis_usage'])
    for (const track of ['brain_splice', 'brain_usage']) {
      expect(Math.max(...one[track].map((v, t) => Math.abs(v - other[track][t])))).toBeGreaterThan(0.01)
      all[track].forEach((v, t) => {
        expect(Math.abs(v - (one[track][t] + other[track][t]) / 2)).toBeLessThan(2e-7)
      })
    }
    for (const track of ['testis_splice', 'testis_usage'])
      all[track].forEach((v, t) => {
        expect(Math.abs(v - expected.tracks[track][t])).toBeLessThan(2e-6)
      })
  })
  it('a network trained for usage gives usage, and the other one then does not', async () => {
    const model = createModel([...read('final.1.4.3.v2'), ...read('final.1.5.3.v2')], backend())
    expect(model.info.tracks.map(({ name }) => name)).toEqual(['brain_splice', 'brain_usage'])
    model.close()
    expect(createModel(read('final.1.5.3.v2'), backend()).info.tracks.map(({ name }) => name)).toEqual(['brain_usage'])
  })
})

describe('files that are refused', () => {
  const weights = parseWeights(bytes, 'nano')
  const tensors = Object.fromEntries(
    [...weights.tensors]
      .filter(([name]) => !name.endsWith('num_batches_tracked'))
      .map(([name, raw]) => [name, f32Tensor(raw.shape, Array.from(raw.read()))]),
  )
  const without = (name: string) => Object.fromEntries(Object.entries(tensors).filter(([key]) => key !== name))
  it('as safetensors it is the same network', () => {
    expect([...read('final.2.4.3.v2', safetensorsFile(tensors))[0].tensors]).toEqual([
      ...read('final.2.4.3.v2')[0].tensors,
    ])
  })
  it.each([
    ['a norm is missing', without('resblocks.2.bn2.running_mean'), /resblocks\.2\.bn2\.running_mean: missing/],
    ['a head is missing', without('conv_last6.bias'), /tensor conv_last6\.bias: missing/],
    ['a skip is missing', without('convs.0.weight'), /tensor convs\.0\.weight: missing/],
    [
      'one tensor more',
      { ...tensors, 'conv_last9.bias': f32Tensor([1], [0]) },
      /conv_last9\.bias: not part of Pangolin/,
    ],
    ['too few units', without('resblocks.3.conv1.weight'), /resblocks\.3\.conv1\.weight: missing/],
  ])('%s', (_, content, message) => {
    expect(() => read('final.2.4.3.v2', safetensorsFile(content))).toThrow(message)
    expect(() => read('final.2.4.3.v2', safetensorsFile(content))).toThrow(FormatError)
  })
  it('a head of another shape', () => {
    const content = safetensorsFile({ ...tensors, 'conv_last3.bias': f32Tensor([3], [0, 0, 0]) })
    expect(() => read('final.2.4.3.v2', content)).toThrow(ShapeError)
    expect(() => read('final.2.4.3.v2', content)).toThrow(/conv_last3\.bias: wrong shape: expected \[2\], got \[3\]/)
  })
  it('cut off', () => {
    for (const end of [4, 400, bytes.length >> 1, bytes.length - 1])
      expect(() => read('final.2.4.3.v2', bytes.subarray(0, end))).toThrow(GenoconvError)
  })
})

describeShared("Pangolin's published files", () => {
  it.each([1, 2, 3])('replicate %i of heart and brain: 16 units, a context of 10,000', (replicate) => {
    for (const [number, trainedFor] of [
      [0, 'heart_splice'],
      [4, 'brain_splice'],
    ] as const) {
      const path = sharedPath(`data/pangolin/final.${replicate}.${number}.3.v2`)
      const [{ architecture }] = read(path, new Uint8Array(readFileSync(path)))
      expect(architecture).toMatchObject({ kind: 'pangolin', channelCount: 32, contextBases: 10_000, trainedFor })
    }
  })
})
