import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { existsSync } from 'node:fs'
import { ConfigError, FormatError } from '../src/errors.ts'
import { findModelFiles, isWeightsName, pathKind, readModelFiles, type ModelFiles } from '../src/io/model-files.ts'
import type { Checkpoint } from '../src/model/checkpoint.ts'
import { readCheckpoints } from '../src/model/weights/read-checkpoint.ts'

export interface LoadCheckpointOptions {
  /** Told once about what is left out or assumed. */
  readonly onWarning?: (text: string) => void
  readonly signal?: AbortSignal
}

/** The model that `predict` takes when none is given. */
const shippedDefault = 'splice'

/** Folder of the shipped models: `models/` of the package, seen from the sources as from what is compiled in `dist/`. */
export function shippedModelsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'models')
}

/** Path of a shipped model's folder, or undefined where none of that name is complete. */
export function shippedModelFolder(name: string): string | undefined {
  if (!/^[A-Za-z0-9][\w-]*$/.test(name)) return undefined
  const folder = join(shippedModelsFolder(), name)
  return existsSync(join(folder, 'config.json')) && existsSync(join(folder, 'model.safetensors')) ? folder : undefined
}

/** Name of the model that is taken when none is given, or undefined where none is shipped. */
export const defaultModelName = (): string | undefined => (shippedModelFolder(shippedDefault) === undefined ? undefined : shippedDefault)

/**
 * Loads what `--model` names, once or several times: a shipped model, a Hugging Face repo id, a folder, a file. More than
 * one checkpoint is an ensemble.
 *
 * @throws ConfigError for names that are nothing, FormatError and ShapeError for files that are not models
 */
export async function loadCheckpoints(specs: string | readonly string[] | undefined, options: LoadCheckpointOptions = {}): Promise<Checkpoint[]> {
  const given = specs === undefined ? [] : typeof specs === 'string' ? [specs] : specs
  const names = given.length > 0 ? given : [defaultModelName() ?? noDefault()]
  const checkpoints: Checkpoint[] = []
  for (const spec of names) {
    for (const files of await resolveModel(spec)) {
      const contents = await readModelFiles(files, options.signal)
      checkpoints.push(...readCheckpoints({ name: spec, ...contents }, options.onWarning))
    }
  }
  return checkpoints
}

async function resolveModel(spec: string): Promise<ModelFiles[]> {
  const shipped = shippedModelFolder(spec)
  if (shipped !== undefined) return findModelFiles(shipped)
  if ((await pathKind(spec)) !== undefined) return findModelFiles(spec)
  if (isWeightsName(spec) || /^[./~\\]/.test(spec)) throw new FormatError({ where: spec, what: 'no such file or folder' })
  throw new ConfigError({ where: '--model', what: 'unknown model', expected: 'a shipped model, a Hugging Face repo id, a folder or a file', got: spec })
}

function noDefault(): never {
  throw new ConfigError({
    where: '--model', what: 'no model given, and none is shipped yet',
    remedy: 'give one with --model: a .safetensors, .pt or .ckpt file, a folder, or a Hugging Face repo id such as LongSafari/hyenadna-tiny-1k-seqlen-hf',
  })
}
