import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { knownModels } from '../../../pipelines/models/known-models.ts'
import { describeModel, listModels, pullModel } from '../../../pipelines/models/catalogue.ts'
import { formatDescription, formatListings } from '../../../pipelines/cli/models-text.ts'
import { shippedModelNames } from '../../../pipelines/models/shipped-models.ts'
import { commitOf, type FakeHub, sha256, startFakeHub } from '../../support/fake-hub.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'
import { safetensorsFile } from '../../support/safetensors-file.ts'
import { spliceHyenaFiles } from '../../support/splice-hyena-files.ts'

const golden = fileURLToPath(new URL('../../model/weights/golden/', import.meta.url))
const variables = ['HF_ENDPOINT', 'HF_HOME', 'HF_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'GENOCONV_CACHE'] as const
const tiny = 'LongSafari/hyenadna-tiny-1k-seqlen-hf'

let folder: string
let hub: FakeHub
const before = { ...process.env }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genoconv-models-'))
  hub = await startFakeHub()
  for (const name of variables) delete process.env[name]
  process.env['HF_HOME'] = folder
  process.env['HF_ENDPOINT'] = hub.url
  process.env['GENOCONV_CACHE'] = join(folder, 'genoconv')
  const content = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(`${golden}${name}`))
  hub.repos.set(tiny, {
    commit: commitOf('x'),
    files: {
      'config.json': { content: await content('hyena-nano/config.json') },
      'model.safetensors': { content: await content('hyena-nano/model.safetensors'), isLarge: true },
      'README.md': { content: new TextEncoder().encode('---\nlicense: bsd-3-clause\ntags:\n- dna\n---\n# HyenaDNA\n') },
    },
  })
  hub.repos.set('someone/bert', {
    commit: commitOf('x'),
    files: {
      'config.json': { content: new TextEncoder().encode('{"model_type":"bert"}') },
      'model.safetensors': { content: safetensorsFile({}), isLarge: true },
    },
  })
})
afterEach(async () => {
  for (const name of variables) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
  await hub.close()
  await rm(folder, { recursive: true, force: true })
})

describe('models list', () => {
  it('shipped, then cached, then known; a pulled model is not known any more', async () => {
    const first = await listModels()
    expect(first.filter(({ state }) => state === 'shipped').map(({ name }) => name)).toEqual(shippedModelNames())
    expect(first.filter(({ state }) => state === 'known').map(({ name }) => name)).toEqual(
      (await knownModels()).map(({ name }) => name),
    )
    await pullModel(tiny)
    await expect(pullModel('someone/bert')).rejects.toThrow(/unknown architecture \(.*config\.json says bert\)/)
    const second = await listModels()
    // A model of another kind in the cache is not ours to list.
    expect(second.filter(({ state }) => state === 'cached')).toEqual([
      expect.objectContaining({ name: tiny, licence: 'bsd-3-clause', weightsBytes: 14_176 }),
    ])
    expect(second.filter(({ state, name }) => state === 'known' && name === tiny)).toEqual([])
    const table = formatListings(second)
    expect(table).toMatch(/^NAME +STATE +LICENCE +SIZE +WHAT\n/)
    expect(table).toMatch(/^LongSafari\/hyenadna-tiny-1k-seqlen-hf +cached +bsd-3-clause +14 KiB +HyenaDNA/m)
    expect(table).toMatch(/^LongSafari\/hyenadna-large-1m-seqlen-hf +to pull +BSD-3-Clause +208 MiB/m)
    expect(table).toMatch(/^openspliceai-10000 +to pull +GPL-3\.0 +14 MiB/m)
    expect(table).toMatch(/genoconv models pull NAME/)
    expect(hub.requests.filter(({ line }) => line.includes('/api/')).every(({ line }) => !line.includes('large'))).toBe(
      true,
    )
  })
})

describe('models info', () => {
  it('a model of the cache; what is not there says how to get it, without a request', async () => {
    await expect(describeModel(tiny)).rejects.toThrow(
      /not in the Hugging Face cache .*; genoconv models pull LongSafari/,
    )
    expect(hub.requests).toEqual([])
    await pullModel(tiny)
    const model = await describeModel(tiny)
    const content = hub.repos.get(tiny)!.files['model.safetensors'].content
    expect(model).toMatchObject({
      name: tiny,
      family: 'language',
      receptiveField: { left: 2 * (11 + 2) + 1, right: 0 },
      memberCount: 1,
      sha256: [sha256(content)],
      licence: 'bsd-3-clause',
      weightsBytes: content.length,
    })
    const text = formatDescription(model)
    expect(text).toMatch(/^architecture +HyenaDNA, 2 layers of 8 channels, filters of 12 taps$/m)
    expect(text).toMatch(/^receptive field +27 bases before each base$/m)
    expect(text).toMatch(/entropy \(on request\)/)
    expect(text).toContain(sha256(content))
  })

  it("prints a model's own card, whatever is in it", async () => {
    const { config, tensors } = spliceHyenaFiles()
    const card = {
      license: 'Apache-2.0',
      trained_on: ['chr20', 'chrX'],
      accuracy: { acceptor: { top_k: 0.81, interval: [0.79, 0.83] } },
      limits: [{ what: 'small' }],
    }
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, card }))
    await writeFile(join(folder, 'model.safetensors'), safetensorsFile(tensors))
    const model = await describeModel(folder)
    expect(model).toMatchObject({
      family: 'splice',
      licence: 'Apache-2.0',
      receptiveField: { left: 2 + 4 + 5, right: 11 },
      parameterCount: Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.length / 4, 0),
    })
    expect(formatDescription(model)).toMatch(
      /\n\nlicense: Apache-2\.0\ntrained on: chr20, chrX\naccuracy:\n {2}acceptor:\n {4}top k: 0\.81\n {4}interval: 0\.79, 0\.83\nlimits:\n {2}-\n {4}what: small\n$/,
    )
  })
})

describe('models pull', () => {
  it('refuses what is here, and what is not on a hub', async () => {
    await expect(pullModel(`${golden}original.pt`)).rejects.toThrow(/nothing to pull/)
    await expect(pullModel('model_80nt_rs10.pt')).rejects.toThrow(/no such file or folder/)
  })
})

describeShared('sizes that are listed', () => {
  it('are those of real files', async () => {
    const { weightsBytes } = await describeModel(sharedPath('fixtures/hyena-tiny-random'))
    expect(
      Math.abs((await knownModels()).find(({ name }) => name === tiny)!.weightsBytes / weightsBytes - 1),
    ).toBeLessThan(0.01)
  })
})
