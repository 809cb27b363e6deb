import type { DescribeOptions, ModelDescription, ModelListing, PulledModel, PullOptions } from './models/catalogue.ts'

// Models are files of Node's world: what reads them is loaded when it is called, so that a browser can import the library.

/** Shipped models, those in the caches that genoconv can run, and published ones that are not here yet. */
export async function listModels(): Promise<ModelListing[]> {
  return (await import('./models/catalogue.ts')).listModels()
}

/**
 * Describes a model from its files alone (default: the shipped default); nothing is downloaded.
 *
 * @throws ConfigError for a repo id that is not in the cache or a name that is nothing, FormatError and ShapeError for
 *   files that are not models; an abort passes through
 */
export async function describeModel(spec?: string, options: DescribeOptions = {}): Promise<ModelDescription> {
  return (await import('./models/catalogue.ts')).describeModel(spec, options)
}

/**
 * Downloads a repository, `owner/name` or `owner/name@revision`, into the Hugging Face cache, or published weights
 * (`openspliceai-80`, `-400`, `-2000`, `-10000`, `openspliceai-mouse-400`, …, `pangolin`, `spliceai`) from GitHub into
 * genoconv's own; checks size and hash of each file, and makes sure that genoconv can run it.
 *
 * @throws ConfigError for what can be none of these, and for a licence that is to be accepted first; FormatError where the hub or what it gives is wrong, LimitError where the
 *   disk is full; an abort passes through
 */
export async function pullModel(spec: string, options: PullOptions = {}): Promise<PulledModel> {
  return (await import('./models/catalogue.ts')).pullModel(spec, options)
}
