import { FormatError } from '../../src/errors.ts'
import { fetchWeb, shownUrl } from '../../src/io/bytes/web-url.ts'
import type { Checkpoint } from '../../src/model/checkpoint.ts'
import { readCheckpoints } from '../../src/model/weights/read-checkpoint.ts'

/** A model's files as bytes, wherever they are. */
export interface ModelParts {
  readonly weights: Blob | URL
  /** `config.json`, which most models need. */
  readonly config?: Blob | URL
  /** What outputs and errors call the model; default: the name of the weights file. */
  readonly name?: string
}

/** What names a model: a name, path or repo id (see `loadModel`), a weights file, or its files one by one. */
export type ModelSource = string | URL | Blob | ModelParts

export interface ReadOptions {
  readonly onWarning?: ((text: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads a model whose files were given as they are.
 *
 * @throws FormatError where they cannot be fetched or are no model, ShapeError for tensors that do not fit; an abort passes
 *   through
 */
export async function readGivenModel(
  source: Exclude<ModelSource, string>,
  { onWarning, signal }: ReadOptions = {},
): Promise<Checkpoint[]> {
  const parts = source instanceof URL || source instanceof Blob ? { weights: source } : source
  const weightsName = nameOf(parts.weights)
  const bytes = await bytesOf(parts.weights, signal)
  const config = parts.config && {
    name: nameOf(parts.config),
    text: new TextDecoder().decode(await bytesOf(parts.config, signal)),
  }
  const weights = { name: weightsName, bytes, sha256: await sha256Of(bytes) }
  return readCheckpoints({ name: parts.name ?? weightsName, weights, config }, onWarning)
}

const nameOf = (file: Blob | URL): string =>
  file instanceof URL ? shownUrl(file.href) : 'name' in file && typeof file.name === 'string' ? file.name : 'model'

async function bytesOf(file: Blob | URL, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (!(file instanceof URL)) return new Uint8Array(await file.arrayBuffer())
  const fail = (what: string, cause?: unknown): never => {
    throw new FormatError({ where: shownUrl(file.href), what, expected: 'a file of a model', cause })
  }
  try {
    const answer = await fetchWeb(file, signal ? { signal } : {})
    if (!answer.ok) fail(`the server answered ${answer.status}`)
    return new Uint8Array(await answer.arrayBuffer())
  } catch (cause) {
    if (cause instanceof FormatError || signal?.aborted) throw cause
    return fail('cannot be fetched', cause)
  }
}

/** Lower-case hex; empty on a web page that was not fetched securely (plain http), where browsers do not hash. */
async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined
  const digest = await subtle?.digest('SHA-256', bytes)
  return digest ? Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('') : ''
}
