import type { Backend } from '../../src/kernels/backend.ts'
import type { Checkpoint } from '../../src/model/checkpoint.ts'
import { createModel, type ModelOptions } from '../../src/model/create-model.ts'
import type { Model } from '../../src/model/model.ts'
import { expectMade, expectNumber, expectOptions, expectSignal, expectWhole } from '../../src/validate.ts'
import { type ModelSource, readGivenModel } from './given-model.ts'

export type { ModelParts, ModelSource } from './given-model.ts'

export interface LoadModelOptions extends ModelOptions {
  /** Where the model runs (see createBackend). */
  readonly backend: Backend
  /** In a browser: the folder of the shipped models, with a slash at its end. Default: `models/` beside the module. */
  readonly modelsUrl?: string | URL
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
}

/**
 * A model, ready to run: a shipped model's name, a Hugging Face repo id, a folder or a weights file; or its files as they are,
 * as `Blob`, `File` or `URL`. Several, or a folder of members, are an ensemble. Without a spec: the shipped default. In a
 * browser a text is the shipped model's name or an address.
 *
 * @throws ConfigError for a name that is nothing, FormatError and ShapeError for files that are not models
 */
export async function loadModel(
  spec: ModelSource | readonly ModelSource[] | undefined,
  options: LoadModelOptions,
): Promise<Model> {
  expectOptions('loadModel', options)
  const { backend, modelsUrl, signal, onWarning, filterLength, frequencySparsity } = options ?? {}
  expectMade('loadModel: backend', backend, 'destroy', 'a backend of createBackend')
  expectWhole('filterLength', filterLength, { least: 1 })
  expectNumber('frequencySparsity', frequencySparsity, { least: 0, most: 0.95 })
  expectSignal(signal)
  const checkpoints: Checkpoint[] = []
  const given = [spec ?? []].flat() as readonly ModelSource[]
  for (const source of given.length > 0 ? given : [undefined]) {
    const named = source instanceof URL && source.protocol === 'file:' ? source.href : source
    if (named !== undefined && typeof named !== 'string') {
      checkpoints.push(...(await readGivenModel(named, { signal, onWarning })))
      continue
    }
    // Only here: what names stand for is found in Node's world of files, and a browser can still import the library.
    const { loadCheckpoints } = await import('./load-checkpoint.ts')
    checkpoints.push(...(await loadCheckpoints(named, { signal, onWarning, modelsUrl })))
  }
  return createModel(checkpoints, backend, { filterLength, frequencySparsity })
}
