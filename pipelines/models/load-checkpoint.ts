import { dirname, join } from 'node:path'
import { ConfigError, FormatError } from '../../src/errors.ts'
import { localPath } from '../../src/io/bytes/local-path.ts'
import { findCached, isRepoId } from '../../src/io/hub/hub-cache.ts'
import { readHubSettings } from '../../src/io/hub/hub-settings.ts'
import { isPulled, publishedFolder, type PublishedModel, readPublishedSettings } from '../../src/io/hub/published.ts'
import type { DownloadProgress } from '../../src/io/hub/hub.ts'
import {
  findModelFiles,
  isWeightsName,
  type ModelFiles,
  pathKind,
  readModelFiles,
} from '../../src/io/hub/model-files.ts'
import type { Checkpoint } from '../../src/model/checkpoint.ts'
import { readCheckpoints } from '../../src/model/weights/read-checkpoint.ts'
import { isNonCommercial, publishedModel } from './known-models.ts'
import { defaultModelName, shippedModelFolder, shippedModelNames } from './shipped-models.ts'

export { defaultModelName } from './shipped-models.ts'

export interface LoadCheckpointOptions {
  /** Told of what is left out or assumed, and of a download. */
  readonly onWarning?: ((text: string) => void) | undefined
  /** While a model is downloaded, which happens to repo ids that are not in the cache. */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Where a browser finds the shipped models (load-checkpoint.browser.ts). */
  readonly modelsUrl?: string | URL | undefined
}

/** What a `--model` stands for, before its files are looked at. */
export type ModelSpec =
  | { readonly kind: 'shipped'; readonly name: string; readonly folder: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'published'; readonly model: PublishedModel; readonly folder: string }
  | { readonly kind: 'repo'; readonly repoId: string; readonly revision: string | undefined }

/**
 * Decides what a `--model` is. A shipped model's name comes first (a file or folder of that name is `./name`), then what
 * is on the disk, then published weights (`openspliceai-10000`, `pangolin`), then a Hugging Face repo id, `owner/name` or `owner/name@revision`.
 *
 * @throws ConfigError for what can be none of these, FormatError for a path where nothing is
 */
export async function parseModelSpec(given: string): Promise<ModelSpec> {
  const spec = localPath(given)
  const folder = shippedModelFolder(spec)
  if (folder !== undefined) return { kind: 'shipped', name: spec, folder }
  if (spec !== '' && (await pathKind(spec)) !== undefined) return { kind: 'path', path: spec }
  const model = await publishedModel(spec)
  if (model) return { kind: 'published', model, folder: publishedFolder(readPublishedSettings(), model) }
  const [repoId = '', revision, ...more] = spec.split('@')
  if (isRepoId(repoId) && more.length === 0 && !isWeightsName(repoId)) return { kind: 'repo', repoId, revision }
  if (isWeightsName(spec) || /[/\\]|^[.~]/.test(spec))
    throw new FormatError({ where: spec, what: 'no such file or folder' })
  const shipped = shippedModelNames()
  throw new ConfigError({
    option: 'model',
    what: 'unknown model',
    expected: `${shipped.length > 0 ? `${shipped.join(', ')}, ` : ''}published weights such as openspliceai-10000, a Hugging Face repo id, a folder or a file`,
    got: spec || 'nothing',
    remedy: 'genoconv models list shows what there is',
  })
}

/**
 * Loads what `--model` names, once or several times; without any, the shipped default. More than one checkpoint is an
 * ensemble. A repo id that is not in the Hugging Face cache is downloaded into it, unless HF_HUB_OFFLINE is set.
 *
 * @throws ConfigError for names that are nothing, FormatError and ShapeError for files that are not models; an abort
 *   passes through
 */
export async function loadCheckpoints(
  specs: string | readonly string[] | undefined,
  options: LoadCheckpointOptions = {},
): Promise<Checkpoint[]> {
  const given = specs === undefined ? [] : typeof specs === 'string' ? [specs] : specs
  const checkpoints: Checkpoint[] = []
  for (const text of given.length > 0 ? given : [defaultModelName() ?? noDefault()]) {
    for (const files of await filesOf(await parseModelSpec(text), options)) {
      const contents = await readModelFiles(files, options.signal)
      checkpoints.push(...readCheckpoints({ name: localPath(text), ...contents }, options.onWarning))
    }
  }
  return checkpoints
}

/**
 * The files of these models, as far as they are on this machine: a repo id that is not in the cache has none yet. Takes
 * what `loadCheckpoints` takes, and throws as it does.
 */
export async function modelFilesHere(specs: readonly string[]): Promise<string[]> {
  const paths: string[] = []
  const given = specs.length > 0 ? specs : [defaultModelName()].filter((name) => name !== undefined)
  for (const text of given) {
    const spec = await parseModelSpec(text)
    const folder = await folderHere(spec)
    if (folder === undefined) continue
    for (const { weightsPath, configPath } of await findModelFiles(folder))
      paths.push(weightsPath, configPath ?? join(dirname(weightsPath), 'config.json'))
  }
  return paths
}

/** Where a model's files are; undefined where they have still to be downloaded. */
async function folderHere(spec: ModelSpec): Promise<string | undefined> {
  if (spec.kind === 'path') return spec.path
  if (spec.kind === 'shipped') return spec.folder
  if (spec.kind === 'published') return (await isPulled(spec.model, readPublishedSettings())) ? spec.folder : undefined
  const { repoId, revision } = spec
  const { cacheFolder } = await readHubSettings()
  return (await findCached(cacheFolder, repoId, revision))?.folder
}

async function filesOf(
  spec: ModelSpec,
  { onWarning, onDownload, signal }: LoadCheckpointOptions,
): Promise<ModelFiles[]> {
  if (spec.kind === 'shipped') return findModelFiles(spec.folder)
  if (spec.kind === 'path') return findModelFiles(spec.path)
  if (spec.kind === 'published') return publishedFiles(spec)
  // Loaded only here: the client takes longer to load than everything else before a run.
  const { cachedOrPulled } = await import('../../src/io/hub/hub.ts')
  let isAnnounced = false
  const onProgress = (progress: DownloadProgress): void => {
    if (!isAnnounced) onWarning?.(`${spec.repoId} is not in the Hugging Face cache: downloading it`)
    isAnnounced = true
    onDownload?.(progress)
  }
  const { folder } = await cachedOrPulled(spec.repoId, { revision: spec.revision, onProgress, signal })
  return findModelFiles(folder)
}

/**
 * The files of published weights.
 *
 * @throws ConfigError where they have not been pulled
 */
export async function publishedFiles({ model, folder }: ModelSpec & { kind: 'published' }): Promise<ModelFiles[]> {
  if (!(await isPulled(model, readPublishedSettings())))
    throw new ConfigError({
      where: model.name,
      what: `not in genoconv's cache ${folder}`,
      remedy: `genoconv models pull ${model.name} gets it (${model.licence}${isNonCommercial(model.licence) ? ', to be accepted with `acceptLicense: true`' : ''})`,
    })
  return model.files.map(({ name }) => ({ weightsPath: join(folder, name), configPath: undefined }))
}

function noDefault(): never {
  throw new ConfigError({
    option: 'model',
    what: 'no model given, and none is shipped yet',
    remedy:
      'give one with `model`: a .safetensors, .pt, .ckpt or .h5 file, a folder, or a Hugging Face repo id such as LongSafari/hyenadna-tiny-1k-seqlen-hf',
  })
}
