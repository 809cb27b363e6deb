import { lstat, mkdir, readdir, readFile, readlink, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { copyFile } from 'node:fs/promises'
import { isWeightsName } from './model-files.ts'

/**
 * The layout of Hugging Face's cache, shared with its own tools:
 * `models--<owner>--<name>/` with `blobs/<etag>`, `refs/<revision>` (a commit) and `snapshots/<commit>/<file>` -> blob.
 */

export interface CachedModel {
  readonly repoId: string
  readonly commit: string
  /** Holds the files under their names. */
  readonly folder: string
  readonly files: readonly { readonly name: string; readonly byteCount: number }[]
}

/** `owner/name`, or `name` alone for the few models without an owner. */
const repoIdPattern = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/
const commitPattern = /^[0-9a-f]{40}$/

export const isRepoId = (text: string): boolean =>
  repoIdPattern.test(text) && !text.includes('--') && !text.includes('..')

const repoFolder = (cacheFolder: string, repoId: string): string =>
  join(cacheFolder, `models--${repoId.replace('/', '--')}`)
export const blobPath = (cacheFolder: string, repoId: string, etag: string): string =>
  join(repoFolder(cacheFolder, repoId), 'blobs', etag)
const snapshotFolder = (cacheFolder: string, repoId: string, commit: string): string =>
  join(repoFolder(cacheFolder, repoId), 'snapshots', commit)

/** The cached snapshot of a revision, or undefined where none holds a weights file. */
export async function findCached(
  cacheFolder: string,
  repoId: string,
  revision = 'main',
): Promise<CachedModel | undefined> {
  const commit = commitPattern.test(revision)
    ? revision
    : await readCommit(join(repoFolder(cacheFolder, repoId), 'refs', revision))
  if (commit === undefined) return undefined
  const folder = snapshotFolder(cacheFolder, repoId, commit)
  const files: { name: string; byteCount: number }[] = []
  for (const name of await namesIn(folder)) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found?.isFile()) files.push({ name, byteCount: found.size })
  }
  return files.some(({ name }) => isWeightsName(name)) ? { repoId, commit, folder, files } : undefined
}

/** Every cached repository whose main revision holds a weights file, by name. */
export async function listCached(cacheFolder: string): Promise<CachedModel[]> {
  const models: CachedModel[] = []
  for (const name of (await namesIn(cacheFolder)).sort()) {
    const [, owner, repo] = /^models--(.+?)--(.+)$/.exec(name) ?? []
    const model = owner === undefined ? undefined : await findCached(cacheFolder, `${owner}/${repo}`)
    if (model) models.push(model)
  }
  return models
}

/** Points `snapshots/<commit>/<name>` at a blob, atomically; copies it where links cannot be made (Windows without the right). */
export async function linkSnapshotFile(
  cacheFolder: string,
  repoId: string,
  commit: string,
  name: string,
  etag: string,
): Promise<void> {
  const path = join(snapshotFolder(cacheFolder, repoId, commit), name)
  const blob = blobPath(cacheFolder, repoId, etag)
  const target = relative(dirname(path), blob)
  if ((await readlink(path).catch(() => undefined)) === target) return
  await mkdir(dirname(path), { recursive: true })
  const beside = temporaryName(path)
  try {
    await symlink(target, beside).catch(async (error: NodeJS.ErrnoException) => {
      if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EACCES'].includes(error.code ?? '')) throw error
      await copyFile(blob, beside)
    })
    await rename(beside, path)
  } catch (error) {
    await unlink(beside).catch(() => {})
    throw error
  }
}

/** Says which commit a branch or tag stands for. Written last, when all of the commit's files are there. */
export async function writeRef(cacheFolder: string, repoId: string, revision: string, commit: string): Promise<void> {
  if (revision === commit) return
  const path = join(repoFolder(cacheFolder, repoId), 'refs', revision)
  await mkdir(dirname(path), { recursive: true })
  const beside = temporaryName(path)
  await writeFile(beside, commit)
  await rename(beside, path)
}

/** A name beside `path` that no other process uses and nobody takes for a complete file. */
export const temporaryName = (path: string): string =>
  `${path}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.incomplete`

/** Whether anything stands at `path`, a link without a target included. */
export const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

async function readCommit(path: string): Promise<string | undefined> {
  const text = (await readFile(path, 'utf8').catch(() => '')).trim()
  return commitPattern.test(text) ? text : undefined
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])
