import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultModelName, loadCheckpoints, parseModelSpec } from '../../../pipelines/models/load-checkpoint.ts'
import { ConfigError, FormatError } from '../../../src/errors.ts'
import { commitOf, type FakeHub, startFakeHub } from '../../support/fake-hub.ts'
import { describeShared, readTensors, sharedPath } from '../../support/shared.ts'

const golden = fileURLToPath(new URL('../../model/weights/golden/', import.meta.url))
const hubVariables = ['HF_ENDPOINT', 'HF_HOME', 'HF_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE'] as const

let folder: string
let hub: FakeHub
const before = { ...process.env }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genoconv-load-'))
  hub = await startFakeHub()
  for (const name of hubVariables) delete process.env[name]
  process.env['HF_HOME'] = folder
  process.env['HF_ENDPOINT'] = hub.url
})
afterEach(async () => {
  for (const name of hubVariables) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
  await hub.close()
  await rm(folder, { recursive: true, force: true })
})

describe('what --model stands for', () => {
  it('files, folders, ensembles given twice or as a folder', async () => {
    expect((await loadCheckpoints(`${golden}hyena-nano`)).map(({ architecture }) => architecture.kind)).toEqual([
      'hyena',
    ])
    const nano = `${golden}openspliceai-nano`
    expect(await loadCheckpoints([`${nano}.pt`, `${nano}.safetensors`])).toHaveLength(2)
    await cp(`${nano}.pt`, join(folder, 'rs10.pt'))
    await cp(`${nano}.pt`, join(folder, 'rs11.pt'))
    const members = await loadCheckpoints(folder)
    expect(members).toHaveLength(2)
    expect(members[0].sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(members[0].sha256).toBe(members[1].sha256)
  })

  it('a repo id is downloaded once, then comes from the cache, offline too', async () => {
    const content = new Uint8Array(await readFile(`${golden}hyena-nano/model.safetensors`))
    const config = new Uint8Array(await readFile(`${golden}hyena-nano/config.json`))
    hub.repos.set('Lab/nano', {
      commit: commitOf('x'),
      files: { 'config.json': { content: config }, 'model.safetensors': { content, isLarge: true } },
    })
    const warnings: string[] = []
    const [downloaded] = await loadCheckpoints('Lab/nano', { onWarning: (text) => warnings.push(text) })
    expect(warnings).toEqual(['Lab/nano is not in the Hugging Face cache: downloading it'])
    expect(downloaded.name).toBe('Lab/nano')
    const [local] = await loadCheckpoints(`${golden}hyena-nano`)
    expect({ ...downloaded, name: '' }).toEqual({ ...local, name: '' })
    hub.requests.length = 0
    process.env['HF_HUB_OFFLINE'] = '1'
    expect(await loadCheckpoints('Lab/nano@main')).toHaveLength(1)
    await expect(loadCheckpoints('Lab/other')).rejects.toThrow(/HF_HUB_OFFLINE is set/)
    expect(hub.requests).toEqual([])
  })

  it('what is nothing', async () => {
    await expect(loadCheckpoints('no-such-model')).rejects.toThrow(ConfigError)
    await expect(loadCheckpoints('no-such-model')).rejects.toThrow(
      /`model`: unknown model: .*got no-such-model; genoconv models list/,
    )
    await expect(loadCheckpoints('')).rejects.toThrow(/got nothing/)
    for (const path of ['gone.pt', './gone', 'a/b/c', '/nowhere/model', 'folder/gone.safetensors']) {
      await expect(loadCheckpoints(path), path).rejects.toThrow(FormatError)
      await expect(loadCheckpoints(path), path).rejects.toThrow(/no such file or folder/)
    }
    expect(await parseModelSpec('a/b@v1')).toEqual({ kind: 'repo', repoId: 'a/b', revision: 'v1' })
    expect(hub.requests).toEqual([])
  })

  it('without one, the shipped default or an error that says how to give it', async () => {
    const name = defaultModelName()
    if (name === undefined)
      await expect(loadCheckpoints(undefined)).rejects.toThrow(/no model given.*give one with `model`/)
    else {
      const [checkpoint] = await loadCheckpoints([])
      expect(checkpoint.name).toBe(name)
      expect(checkpoint.architecture.kind).toBe('splice-hyena')
    }
  })
})

describeShared('published and reference weights', () => {
  it('the Hugging Face form and the original form of one model hold identical tensors', async () => {
    const [hf] = await loadCheckpoints(sharedPath('fixtures/hyena-tiny-random'))
    const [original] = await loadCheckpoints(sharedPath('fixtures/hyena-tiny-random/original_names.safetensors'))
    expect(original.architecture).toEqual(hf.architecture)
    expect(hf.architecture).toMatchObject({
      kind: 'hyena',
      modelWidth: 128,
      layerCount: 2,
      innerWidth: 512,
      maxLength: 1026,
      embeddingSize: 5,
      filterMlpWidth: 64,
    })
    expect([...original.tensors.keys()].sort()).toEqual([...hf.tensors.keys()].sort())
    for (const [name, { data }] of hf.tensors)
      expect(Buffer.compare(bufferOf(data), bufferOf(original.tensors.get(name)!.data)), name).toBe(0)
  })

  it.each([
    ['fixtures/hyena-tiny-wild-l4101', { kind: 'hyena', maxLength: 4101 }],
    ['fixtures/whole-gene', { kind: 'hyena', maxLength: 1_000_002 }],
    ...[80, 400, 2000, 10_000].flatMap((contextBases) => [
      [
        `data/openspliceai/model_${contextBases}nt_rs14.pt`,
        { kind: 'openspliceai', contextBases, channelCount: 32 },
      ] as const,
      [
        `fixtures/openspliceai/mane_${contextBases}nt_rs10.safetensors`,
        { kind: 'openspliceai', contextBases, channelCount: 32 },
      ] as const,
    ]),
  ] as const)('%s', async (path, architecture) => {
    const [checkpoint] = await loadCheckpoints(sharedPath(path))
    expect(checkpoint.architecture).toMatchObject(architecture)
  })

  it('values are those of the file', async () => {
    const [checkpoint] = await loadCheckpoints(sharedPath('fixtures/whole-gene'))
    const simple = readTensors(sharedPath('fixtures/whole-gene/model.safetensors'))
    expect(checkpoint.tensors.size).toBe(simple.size)
    for (const [name, { values }] of simple) {
      expect(
        Buffer.compare(
          bufferOf(checkpoint.tensors.get(name.replace(/^hyena\./, ''))!.data),
          bufferOf(Float32Array.from(values)),
        ),
        name,
      ).toBe(0)
    }
  })

  it('a fine-tune with a two-class head runs as a language model, with a warning', async () => {
    const warnings: string[] = []
    const [checkpoint] = await loadCheckpoints(sharedPath('data/hyenadna/finetuned-tiny-1k-two-class.pt'), {
      onWarning: (text) => warnings.push(text),
    })
    expect(checkpoint.architecture).toMatchObject({ kind: 'hyena', maxLength: 1026, layerCount: 2, vocabularySize: 16 })
    expect(checkpoint.tensors.get('lm_head.weight')!.data).toBe(
      checkpoint.tensors.get('backbone.embeddings.word_embeddings.weight')!.data,
    )
    expect(warnings).toEqual([expect.stringMatching(/head\.output_transform\.weight \[2,128\].*left out/)])
  })

  it('files of tensors that are not weights', async () => {
    await expect(loadCheckpoints(sharedPath('fixtures/filter/filter_weights.safetensors'))).rejects.toThrow(FormatError)
    await expect(loadCheckpoints(sharedPath('fixtures/conv'))).rejects.toThrow(
      /conv_L1000\.safetensors: unknown architecture/,
    )
  })
})

const bufferOf = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
