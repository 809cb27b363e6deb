import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, FormatError } from '../../../src/errors.ts'
import { cachedOrPulled, pullModel } from '../../../src/io/hub/hub.ts'
import { findCached, isRepoId, listCached } from '../../../src/io/hub/hub-cache.ts'
import { type HubSettings, readHubSettings } from '../../../src/io/hub/hub-settings.ts'
import { commitOf, type FakeHub, type HubFile, sha256, startFakeHub } from '../../support/fake-hub.ts'

const repo = 'Some-Lab/tiny.model'
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3)
const config = new TextEncoder().encode('{"model_type":"hyenadna"}')
const commit = commitOf('first')
const good: Record<string, HubFile> = {
  'config.json': { content: config },
  'model.safetensors': { content: weights, isLarge: true },
  'README.md': { content: new TextEncoder().encode('---\nlicense: mit\n---\n') },
  'flax_model.msgpack': { content: new Uint8Array(10), isLarge: true },
  'tokenizer.json': { content: new Uint8Array(3) },
}

let hub: FakeHub
let folder: string
let settings: HubSettings
beforeEach(async () => {
  hub = await startFakeHub()
  hub.repos.set(repo, { commit, files: good })
  folder = await mkdtemp(join(tmpdir(), 'genoconv-hub-'))
  settings = { hubUrl: hub.url, token: undefined, cacheFolder: join(folder, 'hub'), isOffline: false }
})
afterEach(async () => {
  await hub.close()
  await rm(folder, { recursive: true, force: true })
})

const serve = (name: string, change: Partial<HubFile>): void => {
  hub.repos.set(repo, { commit, files: { ...good, [name]: { ...good[name], ...change } } })
}
/** Every path below the cache. */
const allFiles = async (): Promise<string[]> =>
  ((await readdir(settings.cacheFolder, { recursive: true }).catch(() => [])) as string[]).sort()
const downloads = (): string[] =>
  hub.requests.filter(({ line }) => line.includes('/resolve/')).map(({ line }) => line.split('/').at(-1)!)

describe('pull', () => {
  it('fills the cache as Hugging Face lays it out: blobs by hash, a snapshot of links, the ref', async () => {
    const progress: number[] = []
    const pulled = await pullModel(repo, {
      settings,
      onProgress: ({ file, doneBytes, totalBytes }) =>
        file === 'model.safetensors' && progress.push(doneBytes / totalBytes),
    })
    const root = join(settings.cacheFolder, 'models--Some-Lab--tiny.model')
    expect(pulled.folder).toBe(join(root, 'snapshots', commit))
    expect(pulled.files.map(({ name }) => name).sort()).toEqual(['README.md', 'config.json', 'model.safetensors'])
    expect(Buffer.compare(await readFile(join(pulled.folder, 'model.safetensors')), weights)).toBe(0)
    expect(await readlink(join(pulled.folder, 'model.safetensors'))).toBe(`../../blobs/${sha256(weights)}`)
    expect(await readFile(join(root, 'refs', 'main'), 'utf8')).toBe(commit)
    expect((await allFiles()).filter((name) => name.includes('incomplete'))).toEqual([])
    expect(progress.at(-1)).toBe(1)
    expect(await findCached(settings.cacheFolder, repo)).toEqual(pulled)
    expect(await listCached(settings.cacheFolder)).toEqual([pulled])
  })

  it('does not fetch again what is there and sound, and repairs what is not', async () => {
    const { folder: snapshot } = await pullModel(repo, { settings })
    hub.requests.length = 0
    await pullModel(repo, { settings })
    expect(downloads()).toEqual([])
    const blob = join(settings.cacheFolder, 'models--Some-Lab--tiny.model', 'blobs', sha256(weights))
    await writeFile(
      blob,
      weights.map((byte) => byte ^ 1),
    )
    await pullModel(repo, { settings })
    expect(new Set(downloads())).toEqual(new Set(['model.safetensors']))
    expect(Buffer.compare(await readFile(join(snapshot, 'model.safetensors')), weights)).toBe(0)
  })

  it('a new commit moves the ref; a revision is kept by its own name', async () => {
    await pullModel(repo, { settings })
    const second = commitOf('second')
    const changed = weights.slice().fill(1)
    hub.repos.set(repo, {
      commit: second,
      files: { ...good, 'model.safetensors': { content: changed, isLarge: true } },
    })
    expect((await cachedOrPulled(repo, { settings })).commit).toBe(commit)
    expect((await pullModel(repo, { settings })).commit).toBe(second)
    expect((await cachedOrPulled(repo, { settings })).commit).toBe(second)
    expect((await cachedOrPulled(repo, { settings, revision: commit })).commit).toBe(commit)
    await expect(pullModel(repo, { settings, revision: 'v9' })).rejects.toThrow(
      /no such repository, revision or file \(404\)/,
    )
  })

  it('takes weights.ckpt where there are no safetensors, else every weights file', async () => {
    const { 'model.safetensors': _, ...rest } = good
    hub.repos.set(repo, { commit, files: { ...rest, 'weights.ckpt': { content: weights, isLarge: true } } })
    expect((await pullModel(repo, { settings })).files.map(({ name }) => name)).toContain('weights.ckpt')
    hub.repos.set('a/b', {
      commit,
      files: {
        'model_rs10.pt': { content: weights, isLarge: true },
        'model_rs11.pt': { content: config },
        'sub/model_rs12.pt': { content: config },
      },
    })
    expect((await pullModel('a/b', { settings })).files.map(({ name }) => name).sort()).toEqual([
      'model_rs10.pt',
      'model_rs11.pt',
    ])
    hub.repos.set('a/c', { commit, files: { 'README.md': { content: config } } })
    await expect(pullModel('a/c', { settings })).rejects.toThrow(
      /a\/c: no weights in this repository: expected model\.safetensors or weights\.ckpt, got README\.md/,
    )
  })
})

describe('what goes wrong on the way leaves nothing under a good name', () => {
  it.each([
    [
      'corrupted',
      'model.safetensors',
      { sent: weights.map((byte, i) => (i === 99_999 ? byte ^ 1 : byte)) },
      /Some-Lab\/tiny\.model model\.safetensors: the download is damaged \(SHA-256\): expected [0-9a-f]{64}, got [0-9a-f]{64}/,
    ],
    [
      'a small file corrupted',
      'config.json',
      { sent: config.map((byte) => byte ^ 1) },
      /config\.json: the download is damaged \(git SHA-1\)/,
    ],
    [
      'cut by the connection',
      'model.safetensors',
      { cutAfter: 100_000 },
      /model\.safetensors: the download was cut: expected 300000 bytes, got \d+/,
    ],
    [
      'shorter than listed',
      'model.safetensors',
      { sent: weights.subarray(0, 200_000) },
      /the download was cut: expected 300000 bytes, got 200000/,
    ],
    [
      'longer than listed',
      'model.safetensors',
      { sent: new Uint8Array(300_001) },
      /longer than the hub says: expected 300000 bytes/,
    ],
  ] as const)('%s', async (_, name, change, message) => {
    serve(name, change)
    const failure = await pullModel(repo, { settings }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(FormatError)
    expect((failure as Error).message).toMatch(message)
    const left = await allFiles()
    expect(
      left.filter(
        (path) =>
          path.endsWith(name) ||
          path.includes(sha256(weights)) ||
          path.includes('incomplete') ||
          path.includes('refs/'),
      ),
    ).toEqual([])
    expect(await findCached(settings.cacheFolder, repo)).toBeUndefined()
    serve(name, {})
    expect((await pullModel(repo, { settings })).files).toHaveLength(3)
  })

  it('aborted in the middle: the reason passes through, nothing is left', async () => {
    serve('model.safetensors', { stallAfter: 50_000 })
    const abort = new AbortController()
    const reason = new Error('enough')
    const pulling = pullModel(repo, {
      settings,
      signal: abort.signal,
      onProgress: ({ file }) => file === 'model.safetensors' && abort.abort(reason),
    })
    await expect(pulling).rejects.toBe(reason)
    expect((await allFiles()).filter((path) => path.includes('incomplete') || path.includes(sha256(weights)))).toEqual(
      [],
    )
  })

  it('a cache that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(
      pullModel(repo, { settings: { ...settings, cacheFolder: join(folder, 'file', 'hub') } }),
    ).rejects.toThrow(/the cache cannot be written \(ENOTDIR\); set HF_HUB_CACHE/)
    if (process.getuid?.() === 0) return // the superuser may write anywhere
    await mkdir(join(folder, 'locked'))
    await chmod(join(folder, 'locked'), 0o500)
    await expect(pullModel(repo, { settings: { ...settings, cacheFolder: join(folder, 'locked') } })).rejects.toThrow(
      /the cache cannot be written \(EACCES\)/,
    )
  })
})

describe('who may, and where', () => {
  it('sends the token to the hub and not to where it redirects', async () => {
    const token = 'not-the-usual-prefix'
    hub.repos.set(repo, { commit, files: good, token })
    await expect(pullModel(repo, { settings })).rejects.toThrow(
      /refuses it \(401\); if it is private or gated, accept its terms at .*\/Some-Lab\/tiny\.model and set HF_TOKEN/,
    )
    hub.requests.length = 0
    await pullModel(repo, { settings: { ...settings, token } })
    const host = new URL(hub.url).host
    const [toHub, elsewhere] = [true, false].map((isHub) =>
      hub.requests.filter(({ line }) => line.includes(` ${host} `) === isHub).map((request) => request.token),
    )
    expect(new Set(toHub)).toEqual(new Set([`Bearer ${token}`]))
    expect(elsewhere.length).toBeGreaterThan(0)
    expect(new Set(elsewhere)).toEqual(new Set([undefined]))
  })

  it.each([
    ['gated', { status: 403 }, 'hf_x', /refuses it \(403\); accept its terms at .* with the account of your token/],
    ['unavailable', { status: 503 }, undefined, /answers with status 503; try again later/],
  ])('%s', async (_, change, token, message) => {
    hub.repos.set(repo, { commit, files: good, ...change })
    await expect(pullModel(repo, { settings: { ...settings, token } })).rejects.toThrow(message)
  })

  it('a repository that is not there, a hub that is not there, an id that is none', async () => {
    await expect(pullModel('no/where', { settings })).rejects.toThrow(
      /^no\/where: .* has no such repository, revision or file \(404\); check the name/,
    )
    const nowhere = { ...settings, hubUrl: 'http://127.0.0.1:9' }
    await expect(pullModel(repo, { settings: nowhere })).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:9 cannot be reached or understood/,
    )
    for (const id of ['', 'one', 'a/b/c', '../x', 'a/..', 'a b/c', 'a--b/c']) {
      expect(isRepoId(id), id).toBe(false)
      await expect(pullModel(id, { settings })).rejects.toThrow(ConfigError)
    }
    await expect(pullModel(repo, { settings, revision: '../../x' })).rejects.toThrow(/not a revision/)
  })

  it('offline: the cache or an error, and no request', async () => {
    const offline = { ...settings, isOffline: true }
    await expect(cachedOrPulled(repo, { settings: offline })).rejects.toThrow(
      /HF_HUB_OFFLINE is set and the model is not in the cache .*hub; unset HF_HUB_OFFLINE/,
    )
    expect(hub.requests).toEqual([])
    const pulled = await pullModel(repo, { settings })
    hub.requests.length = 0
    expect(await cachedOrPulled(repo, { settings: offline })).toEqual(pulled)
    expect(await pullModel(repo, { settings: offline })).toEqual(pulled)
    expect(await cachedOrPulled(repo, { settings })).toEqual(pulled)
    expect(hub.requests).toEqual([])
  })

  it('a snapshot whose blob is gone does not count as cached', async () => {
    const pulled = await pullModel(repo, { settings })
    await rm(join(settings.cacheFolder, 'models--Some-Lab--tiny.model', 'blobs', sha256(weights)))
    expect((await lstat(join(pulled.folder, 'model.safetensors'))).isSymbolicLink()).toBe(true)
    expect(await findCached(settings.cacheFolder, repo)).toBeUndefined()
    expect(await cachedOrPulled(repo, { settings })).toEqual(pulled)
  })
})

describe('settings from the environment', () => {
  it('as Hugging Face reads them', async () => {
    const home = join(folder, 'home')
    await mkdir(home)
    await writeFile(join(home, 'token'), 'hf_file\n')
    expect(await readHubSettings({ HF_HOME: home })).toEqual({
      hubUrl: 'https://huggingface.co',
      token: 'hf_file',
      cacheFolder: join(home, 'hub'),
      isOffline: false,
    })
    expect(
      await readHubSettings({
        HF_HOME: home,
        HF_TOKEN: ' hf_env ',
        HF_ENDPOINT: 'http://mirror.example/',
        HF_HUB_CACHE: '/c',
        HF_HUB_OFFLINE: '1',
      }),
    ).toEqual({ hubUrl: 'http://mirror.example', token: 'hf_env', cacheFolder: '/c', isOffline: true })
    await writeFile(join(folder, 'mine'), 'hf_mine')
    expect((await readHubSettings({ HF_HOME: home, HF_TOKEN_PATH: join(folder, 'mine') })).token).toBe('hf_mine')
    expect(await readHubSettings({ XDG_CACHE_HOME: '/x', HF_HUB_OFFLINE: '0' })).toMatchObject({
      cacheFolder: '/x/huggingface/hub',
      token: undefined,
      isOffline: false,
    })
    await expect(readHubSettings({ HF_ENDPOINT: 'hub' })).rejects.toThrow(
      /HF_ENDPOINT: not the address of a hub: expected an http\(s\) URL, got hub/,
    )
  })
})
