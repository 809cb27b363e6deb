import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, FormatError } from '../../errors.ts'
import { homeFolder } from './home-folder.ts'

/** A weights file in its authors' GitHub repository. */
export interface PublishedFile {
  readonly name: string
  /** `owner/name`. */
  readonly repository: string
  /** Inside the repository. */
  readonly path: string
  readonly byteCount: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Weights that are one model: the members of an ensemble. */
export interface PublishedModel {
  readonly name: string
  /** As in SPDX, e.g. `GPL-3.0`. */
  readonly licence: string
  readonly files: readonly PublishedFile[]
}

/** Where published weights come from and go to. */
export interface PublishedSettings {
  /** Without a slash at its end. */
  readonly githubUrl: string
  readonly cacheFolder: string
}

/** @throws FormatError for a table that is damaged: columns model, file, repository, path, bytes, sha256, licence */
export async function readPublishedModels(tablePath: string): Promise<PublishedModel[]> {
  const models = new Map<string, { name: string; licence: string; files: PublishedFile[] }>()
  const lines = (await readFile(tablePath, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines.slice(1)) {
    const [model, name, repository, path, bytes, sha256, licence] = line.split('\t')
    const isWhole =
      licence !== undefined && /^[0-9a-f]{64}$/.test(sha256) && /^[\w.-]+$/.test(name) && Number(bytes) > 0
    if (!isWhole) throw new FormatError({ where: tablePath, what: `damaged line: ${line.slice(0, 60)}` })
    const known = models.get(model) ?? { name: model, licence, files: [] }
    known.files.push({ name, repository, path, byteCount: Number(bytes), sha256 })
    models.set(model, known)
  }
  return [...models.values()]
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * `GENOCONV_GITHUB` (default: GitHub's address of raw files) and `GENOCONV_CACHE` (default: `genoconv` in the platform's cache
 * folder: `XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`, on Windows `LOCALAPPDATA`).
 *
 * @throws ConfigError where GENOCONV_GITHUB is no URL
 */
export function readPublishedSettings(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): PublishedSettings {
  const value = (name: string): string | undefined => environment[name]?.trim() || undefined
  const githubUrl = value('GENOCONV_GITHUB') ?? 'https://raw.githubusercontent.com'
  if (!/^https?:$/.test(URL.canParse(githubUrl) ? new URL(githubUrl).protocol : ''))
    throw new ConfigError({
      where: 'GENOCONV_GITHUB',
      what: 'not an address',
      expected: 'an http(s) URL',
      got: githubUrl,
    })
  const home = value('HOME') ?? homeFolder()
  const caches =
    platform === 'darwin'
      ? join(home, 'Library', 'Caches')
      : platform === 'win32'
        ? (value('LOCALAPPDATA') ?? join(home, 'AppData', 'Local'))
        : (value('XDG_CACHE_HOME') ?? join(home, '.cache'))
  return {
    githubUrl: githubUrl.replace(/\/+$/, ''),
    cacheFolder: value('GENOCONV_CACHE') ?? join(caches, 'genoconv'),
  }
}

/** Where a model's files are once it is pulled. */
export const publishedFolder = ({ cacheFolder }: PublishedSettings, { name }: PublishedModel): string =>
  join(cacheFolder, 'models', name)

/** Whether all files of a model are there, with their sizes. */
export async function isPulled(model: PublishedModel, settings: PublishedSettings): Promise<boolean> {
  const folder = publishedFolder(settings, model)
  for (const { name, byteCount } of model.files) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (!found?.isFile() || found.size !== byteCount) return false
  }
  return true
}
