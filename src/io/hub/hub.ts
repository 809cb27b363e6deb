import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { downloadFile, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub'
import { ConfigError, FormatError } from '../../errors.ts'
import {
  blobPath,
  type CachedModel,
  findCached,
  isRepoId,
  linkSnapshotFile,
  temporaryName,
  writeRef,
} from './hub-cache.ts'
import { asked, storageError } from './hub-errors.ts'
import { type HubSettings, readHubSettings } from './hub-settings.ts'
import { isWeightsName, weightsNames } from './model-files.ts'

export interface DownloadProgress {
  readonly file: string
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface HubOptions {
  /** A branch, tag or commit. Default: `main`. */
  readonly revision?: string | undefined
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Default: from the environment. */
  readonly settings?: HubSettings | undefined
}

/** Files beside the weights that say what the model is; README.md holds its licence. */
const describingNames = ['config.json', 'README.md']
/** A repository lists its files; more than this is a data set, not a model. */
const maxListedFiles = 10_000

/**
 * The cached snapshot of a repository, or, where there is none, downloads it. Does not ask the hub about what is cached.
 *
 * @throws FormatError naming repository and file; ConfigError where the id is none; an abort passes through
 */
export async function cachedOrPulled(repoId: string, options: HubOptions = {}): Promise<CachedModel> {
  const settings = options.settings ?? (await readHubSettings())
  return (
    (await findCached(settings.cacheFolder, checkedId(repoId), options.revision)) ??
    pullModel(repoId, { ...options, settings })
  )
}

/**
 * Downloads a model's weights, configuration and README into the Hugging Face cache. Each file is checked against the
 * size and the hash that the hub gives (SHA-256 of large files, git's SHA-1 of small ones) before it appears under its
 * name; what is cached is checked again and kept.
 */
export async function pullModel(repoId: string, options: HubOptions = {}): Promise<CachedModel> {
  const settings = options.settings ?? (await readHubSettings())
  const revision = options.revision ?? 'main'
  const { cacheFolder } = settings
  const { signal } = options
  const where = checkedId(repoId)
  if (!/^[\w./-]+$/.test(revision) || revision.includes('..'))
    throw new ConfigError({ where, what: 'not a revision', expected: 'a branch, tag or commit', got: revision })
  if (settings.isOffline) {
    const cached = await findCached(cacheFolder, repoId, revision)
    if (cached) return cached
    throw new FormatError({
      where,
      what: `HF_HUB_OFFLINE is set and the model is not in the cache ${cacheFolder}`,
      remedy: 'unset HF_HUB_OFFLINE, or copy the model into the cache',
    })
  }
  const hub = { hubUrl: settings.hubUrl, fetch: fetchFrom(settings, signal) }
  const { sha: commit } = await asked(where, settings, signal, () =>
    modelInfo({ ...hub, name: repoId, revision, additionalFields: ['sha'] }),
  )
  if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit))
    throw new FormatError({
      where,
      what: `${settings.hubUrl} gives no commit for ${revision}`,
      got: String(commit).slice(0, 60),
    })
  const entries = await asked(where, settings, signal, () =>
    listed(listFiles({ ...hub, repo: repoId, revision: commit })),
  )
  for (const entry of chosenFiles(entries, where)) {
    signal?.throwIfAborted()
    const etag = entry.lfs?.oid ?? entry.oid
    if (etag === undefined || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag))
      throw new FormatError({ where: `${where} ${entry.path}`, what: `${settings.hubUrl} gives no hash for it` })
    const blob = blobPath(cacheFolder, repoId, etag)
    try {
      if (!(await isIntact(blob, entry, etag))) {
        const body = await asked(`${where} ${entry.path}`, settings, signal, () =>
          downloadFile({ ...hub, repo: repoId, path: entry.path, revision: commit, xet: false }),
        )
        if (!body)
          throw new FormatError({
            where: `${where} ${entry.path}`,
            what: 'the hub lists the file and does not have it',
          })
        await store(body.stream(), blob, entry, etag, `${where} ${entry.path}`, options)
      }
      await linkSnapshotFile(cacheFolder, repoId, commit, entry.path, etag)
    } catch (error) {
      throw storageError(error, cacheFolder, 'HF_HUB_CACHE')
    }
  }
  try {
    await writeRef(cacheFolder, repoId, revision, commit)
  } catch (error) {
    throw storageError(error, cacheFolder, 'HF_HUB_CACHE')
  }
  const pulled = await findCached(cacheFolder, repoId, commit)
  if (!pulled) throw new FormatError({ where, what: `the cache ${cacheFolder} does not hold what was put into it` })
  return pulled
}

function checkedId(repoId: string): string {
  if (!isRepoId(repoId))
    throw new ConfigError({ where: repoId, what: 'not a Hugging Face repo id', expected: 'owner/name' })
  return repoId
}

/** `model.safetensors` or the next best, or else every weights file at the top (the members of an ensemble). */
function chosenFiles(entries: readonly ListFileEntry[], where: string): ListFileEntry[] {
  const files = entries.filter(
    ({ type, path }) => type === 'file' && !path.includes('/') && !path.includes('\\') && !path.startsWith('.'),
  )
  const preferred = weightsNames.map((name) => files.find(({ path }) => path === name)).find(Boolean)
  const weights = preferred
    ? [preferred]
    : files.filter(({ path }) => isWeightsName(path) && path !== 'training_args.bin' && path !== 'optimizer.pt')
  if (weights.length === 0) {
    throw new FormatError({
      where,
      what: 'no weights in this repository',
      expected: weightsNames.slice(0, 2).join(' or '),
      got:
        entries
          .slice(0, 5)
          .map(({ path }) => path)
          .join(', ') || 'no files',
    })
  }
  // Descriptions first: weights under their name mean that the snapshot is complete.
  return [...files.filter(({ path }) => describingNames.includes(path)), ...weights]
}

async function listed(entries: AsyncIterable<ListFileEntry>): Promise<ListFileEntry[]> {
  const list: ListFileEntry[] = []
  for await (const entry of entries) {
    if (list.push(entry) > maxListedFiles) break
  }
  return list
}

const expectedBytes = (entry: ListFileEntry): number => entry.lfs?.size ?? entry.size
/** Large files are named by their SHA-256, small ones by git's hash of a blob. */
const hashFor = (entry: ListFileEntry): Hash =>
  entry.lfs ? createHash('sha256') : createHash('sha1').update(`blob ${entry.size}\0`)

async function isIntact(blob: string, entry: ListFileEntry, etag: string): Promise<boolean> {
  const found = await stat(blob).catch(() => undefined)
  if (!found?.isFile() || found.size !== expectedBytes(entry)) return false
  const hash = hashFor(entry)
  for await (const chunk of createReadStream(blob)) hash.update(chunk as Buffer)
  return hash.digest('hex') === etag
}

/** Writes a body beside `blob`, checks it, and renames it. On any failure nothing is left. */
async function store(
  body: ReadableStream<Uint8Array>,
  blob: string,
  entry: ListFileEntry,
  etag: string,
  where: string,
  options: HubOptions,
): Promise<void> {
  await mkdir(dirname(blob), { recursive: true })
  const beside = temporaryName(blob)
  const totalBytes = expectedBytes(entry)
  const hash = hashFor(entry)
  let doneBytes = 0
  const fail = (what: string, expected: string, got: string, cause?: unknown): never => {
    throw new FormatError({ where, what, expected, got, remedy: 'nothing of it is kept; try again', cause })
  }
  try {
    const handle = await open(beside, 'wx')
    try {
      const reader = body.getReader()
      for (;;) {
        options.signal?.throwIfAborted()
        const { done, value } = await reader.read().catch((cause: unknown) => {
          options.signal?.throwIfAborted()
          return fail('the download was cut', `${totalBytes} bytes`, `${doneBytes}`, cause)
        })
        if (done) break
        doneBytes += value.length
        if (doneBytes > totalBytes) {
          await reader.cancel().catch(() => {})
          fail('the download is longer than the hub says', `${totalBytes} bytes`, `at least ${doneBytes}`)
        }
        hash.update(value)
        await handle.writeFile(value)
        options.onProgress?.({ file: entry.path, doneBytes, totalBytes })
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (doneBytes !== totalBytes) fail('the download was cut', `${totalBytes} bytes`, `${doneBytes}`)
    const actual = hash.digest('hex')
    if (actual !== etag) fail(`the download is damaged (${entry.lfs ? 'SHA-256' : 'git SHA-1'})`, etag, actual)
    await rename(beside, blob)
  } catch (error) {
    await unlink(beside).catch(() => {})
    throw error
  }
}

/** `fetch` with the token for the hub itself, and for nobody it redirects to. */
function fetchFrom({ hubUrl, token }: HubSettings, signal: AbortSignal | undefined): typeof fetch {
  const { origin } = new URL(hubUrl)
  return (input, init) => {
    const headers = new Headers(init?.headers)
    const url = new URL(input instanceof Request ? input.url : input)
    // The library itself refuses tokens that do not begin with hf_; those of private hubs need not.
    if (token !== undefined && url.origin === origin) headers.set('Authorization', `Bearer ${token}`)
    return fetch(input, { ...init, headers, ...(signal ? { signal } : {}) })
  }
}
