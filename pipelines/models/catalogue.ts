import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../src/errors.ts'
import { findCached, listCached } from '../../src/io/hub/hub-cache.ts'
import type { CachedModel } from '../../src/io/hub/hub-cache.ts'
import type { DownloadProgress } from '../../src/io/hub/hub.ts'
import { readHubSettings } from '../../src/io/hub/hub-settings.ts'
import { isPulled, publishedFolder, type PublishedModel, readPublishedSettings } from '../../src/io/hub/published.ts'
import { findModelFiles, isWeightsName, type ModelFiles } from '../../src/io/hub/model-files.ts'
import { describe, tracksOf } from '../../src/model/create-model.ts'
import type { Track } from '../../src/model/model.ts'
import { parameterCountOf } from '../../src/model/parameters.ts'
import { jointReceptiveField } from '../../src/model/receptive-field.ts'
import { isNonCommercial, type KnownModel, knownModels, publishedModel, publishedModels } from './known-models.ts'
import { loadCheckpoints, type ModelSpec, parseModelSpec, publishedFiles } from './load-checkpoint.ts'
import { defaultModelName, shippedModelFolder, shippedModelNames } from './shipped-models.ts'

/** One line of `models list`. */
export interface ModelListing {
  readonly name: string
  /** `known` models are not here yet; `pullModel` gets them. */
  readonly state: 'shipped' | 'cached' | 'known'
  readonly isDefault: boolean
  readonly licence: string | undefined
  /** Of the weights. */
  readonly weightsBytes: number
  readonly description: string
  /** A folder; for known models `pull`. */
  readonly source: string
}

/** What is known of a model, for `models info`. */
export interface ModelDescription {
  readonly name: string
  readonly family: 'splice' | 'language'
  readonly architecture: string
  readonly receptiveField: { readonly left: number; readonly right: number }
  readonly tracks: readonly Track[]
  readonly parameterCount: number
  readonly memberCount: number
  readonly weightsBytes: number
  /** Of each weights file, lower-case hex. */
  readonly sha256: readonly string[]
  readonly files: readonly string[]
  readonly licence: string | undefined
  /** The model's own card: data, accuracy, limits. */
  readonly card: Readonly<Record<string, unknown>> | undefined
}

export interface DescribeOptions {
  readonly signal?: AbortSignal | undefined
  readonly onWarning?: (text: string) => void
}

/** A model that was pulled, or is in a cache. */
export interface PulledModel {
  readonly name: string
  /** Of a Hugging Face repository. */
  readonly commit?: string
  /** Holds the files under their names. */
  readonly folder: string
  readonly files: readonly { readonly name: string; readonly byteCount: number }[]
  readonly licence: string | undefined
}

export interface PullOptions extends DescribeOptions {
  /** Says yes to a licence that forbids commercial use; without it such weights are not fetched. */
  readonly acceptLicense?: boolean
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
}

/** Shipped models, those in the caches that genoconv may run, and published ones that are not here yet. */
export async function listModels(): Promise<ModelListing[]> {
  const allKnown = await knownModels()
  const listings: ModelListing[] = []
  for (const name of shippedModelNames()) {
    const folder = shippedModelFolder(name)!
    const files = (await findModelFiles(folder))[0]
    listings.push({
      name,
      state: 'shipped',
      isDefault: name === defaultModelName(),
      licence: await licenceOf(files),
      weightsBytes: await totalBytes([files]),
      description: await loadCheckpoints(name).then(describe),
      source: folder,
    })
  }
  const { cacheFolder } = await readHubSettings()
  const cached = await listCached(cacheFolder)
  for (const model of cached) {
    const known = allKnown.find(({ name }) => name === model.repoId)
    if (!known && !(await looksRunnable(model))) continue
    listings.push({
      name: model.repoId,
      state: 'cached',
      isDefault: false,
      licence: (await readmeLicence(join(model.folder, 'README.md'))) ?? known?.licence,
      weightsBytes: sizeOfWeights(model),
      description: known?.description ?? 'from the Hugging Face cache',
      source: model.folder,
    })
  }
  const isCached = new Set(cached.map(({ repoId }) => repoId))
  const settings = readPublishedSettings()
  for (const published of await publishedModels()) {
    if (!(await isPulled(published, settings))) continue
    const { name, licence, weightsBytes, description } = allKnown.find((known) => known.name === published.name)!
    isCached.add(name)
    const source = publishedFolder(settings, published)
    listings.push({ name, state: 'cached', isDefault: false, licence, weightsBytes, description, source })
  }
  for (const { name, licence, weightsBytes, description } of allKnown) {
    if (!isCached.has(name))
      listings.push({ name, state: 'known', isDefault: false, licence, weightsBytes, description, source: 'pull' })
  }
  return listings
}

/**
 * Describes what a `--model` names, from its files alone: nothing is downloaded.
 *
 * @throws ConfigError for a repo id that is not in the cache, and what loadCheckpoints throws
 */
export async function describeModel(
  spec: string | undefined,
  options: DescribeOptions = {},
): Promise<ModelDescription> {
  const name = spec ?? defaultModelName()
  if (name === undefined)
    throw new ConfigError({
      where: 'models info',
      what: 'which model? none is shipped yet',
      remedy: 'genoconv models list shows what there is',
    })
  const files = await filesHere(await parseModelSpec(name))
  const checkpoints = await loadCheckpoints(name, options)
  const { architecture, card } = checkpoints[0]
  const cardLicence = card?.['license'] ?? card?.['licence']
  return {
    name,
    family: architecture.kind === 'hyena' ? 'language' : 'splice',
    architecture: describe(checkpoints),
    receptiveField: jointReceptiveField(checkpoints.map((checkpoint) => checkpoint.architecture)),
    tracks: tracksOf(checkpoints).map(({ ofNetworks: _, ...column }) => column),
    parameterCount: checkpoints.reduce((sum, checkpoint) => sum + parameterCountOf(checkpoint), 0),
    memberCount: checkpoints.length,
    weightsBytes: await totalBytes(files),
    sha256: [...new Set(checkpoints.map(({ sha256 }) => sha256))],
    files: files.map(({ weightsPath }) => weightsPath),
    licence:
      typeof cardLicence === 'string'
        ? cardLicence
        : ((await licenceOf(files[0])) ?? (await knownModel(name))?.licence),
    card,
  }
}

/**
 * Downloads a repository into the Hugging Face cache, or published weights into genoconv's own, checks every file, and makes
 * sure that genoconv can run them.
 */
export async function pullModel(spec: string, options: PullOptions = {}): Promise<PulledModel> {
  const { onProgress, onWarning, signal } = options
  // By its name, whatever stands on the disk under it.
  const model = await publishedModel(spec)
  if (model) return pullPublishedModel(model, options)
  const parsed = await parseModelSpec(spec)
  if (parsed.kind !== 'repo')
    throw new ConfigError({
      where: spec,
      what: 'nothing to pull: it is here already',
      expected: 'a Hugging Face repo id, owner/name, or published weights such as openspliceai-10000',
    })
  const hub = await import('../../src/io/hub/hub.ts')
  const { repoId, commit, folder, files } = await hub.pullModel(parsed.repoId, {
    revision: parsed.revision,
    onProgress,
    signal,
  })
  await loadCheckpoints(folder, { onWarning, signal })
  const licence = (await readmeLicence(join(folder, 'README.md'))) ?? (await knownModel(repoId))?.licence
  return { name: repoId, commit, folder, files, licence }
}

async function pullPublishedModel(model: PublishedModel, options: PullOptions): Promise<PulledModel> {
  const { acceptLicense = false, onProgress, onWarning, signal } = options
  const { name, licence, files } = model
  if (isNonCommercial(licence) && !acceptLicense)
    throw new ConfigError({
      where: name,
      what: `its licence, ${licence}, forbids commercial use; the text is in https://github.com/${files[0].repository}`,
      remedy: 'give `acceptLicense: true` if you accept it',
    })
  const { pullPublished } = await import('../../src/io/hub/pull-published.ts')
  const folder = await pullPublished(model, readPublishedSettings(), { onProgress, signal })
  // Not by the name, which a file in the current folder may have too.
  await loadCheckpoints(folder, { onWarning, signal })
  return { name, folder, files, licence }
}

/** A known model by the name that `models list` shows. */
export const knownModel = async (name: string): Promise<KnownModel | undefined> =>
  (await knownModels()).find((model) => model.name === name)

async function filesHere(spec: ModelSpec): Promise<ModelFiles[]> {
  if (spec.kind === 'published') return publishedFiles(spec)
  if (spec.kind !== 'repo') return findModelFiles(spec.kind === 'shipped' ? spec.folder : spec.path)
  const { cacheFolder } = await readHubSettings()
  const cached = await findCached(cacheFolder, spec.repoId, spec.revision)
  if (cached) return findModelFiles(cached.folder)
  throw new ConfigError({
    where: spec.repoId,
    what: `not in the Hugging Face cache ${cacheFolder}`,
    remedy: `genoconv models pull ${spec.repoId} gets it`,
  })
}

async function totalBytes(files: readonly ModelFiles[]): Promise<number> {
  let bytes = 0
  for (const { weightsPath } of files) bytes += (await stat(weightsPath)).size
  return bytes
}

const sizeOfWeights = ({ files }: CachedModel): number =>
  files.filter(({ name }) => isWeightsName(name)).reduce((sum, { byteCount }) => sum + byteCount, 0)

/** Whether a cached repository's configuration names an architecture of ours: the cache is full of other people's models. */
async function looksRunnable({ folder }: CachedModel): Promise<boolean> {
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '')
  return /"model_type"\s*:\s*"(hyenadna|genoconv-splice)"|"_name_"\s*:\s*"hyena"/.test(text)
}

async function licenceOf({ weightsPath, configPath }: ModelFiles): Promise<string | undefined> {
  const config = configPath === undefined ? '' : await readFile(configPath, 'utf8').catch(() => '')
  const named = /"licen[cs]e"\s*:\s*"([^"]{1,80})"/.exec(config)?.[1]
  return named ?? (await readmeLicence(join(weightsPath, '..', 'README.md')))
}

/** The licence that a Hugging Face model card states in its front matter. */
async function readmeLicence(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? ''
  return /^licen[cs]e:\s*["']?([\w. +-]{1,80}?)["']?\s*$/m.exec(front)?.[1]
}
