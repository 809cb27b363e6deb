import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatListings } from '../../../pipelines/cli/models-text.ts'
import { describeModel, listModels, pullModel } from '../../../pipelines/models/catalogue.ts'
import { publishedModels } from '../../../pipelines/models/known-models.ts'
import { loadCheckpoints } from '../../../pipelines/models/load-checkpoint.ts'
import { ConfigError, FormatError } from '../../../src/errors.ts'
import { type PublishedModel, publishedFolder, readPublishedSettings } from '../../../src/io/hub/published.ts'
import { pullPublished } from '../../../src/io/hub/pull-published.ts'
import { type FakeGithub, startFakeGithub } from '../../support/fake-github.ts'
import { sha256 } from '../../support/fake-hub.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'

let folder: string
let github: FakeGithub
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genoconv-published-'))
  github = await startFakeGithub()
  process.env['GENOCONV_GITHUB'] = github.url
  process.env['GENOCONV_CACHE'] = folder
})
afterEach(async () => {
  delete process.env['GENOCONV_GITHUB']
  delete process.env['GENOCONV_CACHE']
  await github.close()
  await rm(folder, { recursive: true, force: true })
})

const contents = ['one', 'two'].map((_, k) =>
  Uint8Array.from({ length: 200_000 + k }, (__, i) => (i * (7919 + k)) >> 3),
)
const model: PublishedModel = {
  name: 'tiny',
  licence: 'GPL-3.0',
  files: contents.map((content, k) => ({
    name: `member${k}.pt`,
    repository: 'Some-Lab/Tiny',
    path: `models/deep/member${k}.pt`,
    byteCount: content.length,
    sha256: sha256(content),
  })),
}
const key = (k: number): string => `Some-Lab/Tiny/models/deep/member${k}.pt`
const serveAll = (): void => contents.forEach((content, k) => void github.files.set(key(k), content))
const pull = (): Promise<string> => pullPublished(model, readPublishedSettings())
const namesThere = async (): Promise<string[]> => (await readdir(join(folder, 'models', 'tiny'))).sort()

describe('pulling published weights', () => {
  it('follows redirects, checks every file, keeps what is intact and replaces what is not', async () => {
    serveAll()
    const where = await pull()
    expect(where).toBe(join(folder, 'models', 'tiny'))
    expect(await namesThere()).toEqual(['member0.pt', 'member1.pt'])
    for (const [k, content] of contents.entries())
      expect(Buffer.compare(await readFile(join(where, `member${k}.pt`)), content)).toBe(0)
    github.requests.length = 0
    await pull()
    expect(github.requests).toEqual([])
    await writeFile(
      join(where, 'member1.pt'),
      contents[1].map((byte) => byte ^ 1),
    )
    await pull()
    expect(github.requests.map(({ path }) => path)).toEqual([key(1)])
    expect(Buffer.compare(await readFile(join(where, 'member1.pt')), contents[1])).toBe(0)
  })
  it('cut: nothing under the good name; the next pull continues where it was cut', async () => {
    serveAll()
    github.faults.set(key(1), { cutAfter: 120_000 })
    await expect(pull()).rejects.toThrow(
      /tiny member1\.pt: the download was cut: expected 200001 bytes, got \d+; pull it again/,
    )
    expect(await namesThere()).toEqual(['member0.pt', 'member1.pt.partial'])
    const kept = (await readFile(join(folder, 'models', 'tiny', 'member1.pt.partial'))).length
    expect(kept).toBeGreaterThan(0)
    github.faults.clear()
    github.requests.length = 0
    await pull()
    expect(github.requests).toEqual([{ path: key(1), range: `bytes=${kept}-` }])
    expect(await namesThere()).toEqual(['member0.pt', 'member1.pt'])
  })
  it.each([
    ['other bytes', { sent: contents[0].map((byte) => byte ^ 1) }, /damaged \(SHA-256\): expected [0-9a-f]{64}, got/],
    ['more bytes', { sent: new Uint8Array(200_010) }, /longer than it should be: expected 200000 bytes/],
    ['gone', { status: 404 }, /answers with status 404; the file has moved/],
    ['a server in trouble', { status: 503 }, /answers with status 503; try again later/],
  ])('%s: an error, and nothing under the good name', async (_, fault, message) => {
    serveAll()
    github.faults.set(key(0), fault)
    await expect(pull()).rejects.toThrow(message)
    await expect(pull()).rejects.toThrow(FormatError)
    expect((await namesThere()).filter((name) => !name.endsWith('.partial'))).toEqual([])
    github.faults.clear()
    await pull()
    expect(await namesThere()).toEqual(['member0.pt', 'member1.pt'])
  })
  it('a part that a damaged download left is not trusted', async () => {
    serveAll()
    await pull()
    await rm(join(folder, 'models', 'tiny', 'member0.pt'))
    await writeFile(join(folder, 'models', 'tiny', 'member0.pt.partial'), new Uint8Array(1000).fill(9))
    await expect(pull()).rejects.toThrow(/damaged/)
    await pull()
    expect(await namesThere()).toEqual(['member0.pt', 'member1.pt'])
  })
  it('nobody there; no address', async () => {
    await github.close()
    await expect(pull()).rejects.toThrow(/cannot be reached \(ECONNREFUSED\); check the network and GENOCONV_GITHUB/)
    process.env['GENOCONV_GITHUB'] = 'ftp://x'
    expect(() => readPublishedSettings()).toThrow(ConfigError)
  })
})

describe('the table of published weights', () => {
  it('has 117 files of 22 models, all listed as to pull', async () => {
    const all = await publishedModels()
    expect(all).toHaveLength(22)
    expect(all.reduce((sum, { files }) => sum + files.length, 0)).toBe(117)
    expect(all.find(({ name }) => name === 'pangolin')!.files).toHaveLength(12)
    const table = formatListings(await listModels())
    for (const { name } of all) expect(table).toMatch(new RegExp(`^${name} +to pull `, 'm'))
    expect(table).toMatch(/^spliceai +to pull +CC-BY-NC-4\.0 +15 MiB +SpliceAI/m)
  })
  it('what is not here says how to get it; a licence that forbids commercial use is asked for first', async () => {
    await expect(loadCheckpoints('openspliceai-mouse-400')).rejects.toThrow(
      /openspliceai-mouse-400: not in genoconv's cache .*; genoconv models pull openspliceai-mouse-400 gets it/,
    )
    await expect(describeModel('spliceai')).rejects.toThrow(
      /models pull spliceai gets it \(CC-BY-NC-4\.0, to be accepted with `acceptLicense: true`\)/,
    )
    await expect(pullModel('spliceai')).rejects.toThrow(/CC-BY-NC-4\.0, forbids commercial use.*`acceptLicense: true`/)
    expect(github.requests).toEqual([])
    expect(existsSync(join(folder, 'models'))).toBe(false)
  })
  it("the cache's place: GENOCONV_CACHE, else the platform's", () => {
    const place = (environment: Record<string, string>, platform: NodeJS.Platform): string =>
      readPublishedSettings({ HOME: '/h', ...environment }, platform).cacheFolder
    expect(place({ GENOCONV_CACHE: '/c' }, 'linux')).toBe('/c')
    expect(place({}, 'linux')).toBe(join('/h', '.cache', 'genoconv'))
    expect(place({ XDG_CACHE_HOME: '/x' }, 'linux')).toBe(join('/x', 'genoconv'))
    expect(place({}, 'darwin')).toBe(join('/h', 'Library', 'Caches', 'genoconv'))
  })
})

describeShared('with real files', () => {
  it("SpliceAI's five: pulled once the licence is accepted, then a model by its name", async () => {
    const published = (await publishedModels()).find(({ name }) => name === 'spliceai')!
    for (const { repository, path, name } of published.files)
      github.files.set(`${repository}/${path}`, new Uint8Array(readFileSync(sharedPath(`data/spliceai/${name}`))))
    const pulled = await pullModel('spliceai', { acceptLicense: true })
    expect(pulled).toMatchObject({
      name: 'spliceai',
      licence: 'CC-BY-NC-4.0',
      folder: publishedFolder(readPublishedSettings(), published),
    })
    expect(await describeModel('spliceai')).toMatchObject({
      memberCount: 5,
      licence: 'CC-BY-NC-4.0',
      sha256: published.files.map((file) => file.sha256),
    })
    expect(formatListings(await listModels())).toMatch(/^spliceai +cached +CC-BY-NC-4\.0/m)
    expect(await loadCheckpoints('spliceai')).toHaveLength(5)
  })
})
