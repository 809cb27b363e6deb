import type { Backend } from '../../src/kernels/backend.ts'
import { createModel, type ModelOptions } from '../../src/model/create-model.ts'
import type { Model } from '../../src/model/model.ts'
import { expectMade, expectNumber, expectOptions, expectSignal, expectWhole } from '../../src/validate.ts'

export interface LoadModelOptions extends ModelOptions {
  /** Where the model runs (see createBackend). */
  readonly backend: Backend
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
}

/**
 * A model, ready to run: a shipped model's name, a Hugging Face repo id, a folder or a weights file; several, or a folder
 * of members, are an ensemble. Without a spec: the shipped default.
 *
 * ConfigError for a name that is nothing, FormatError and ShapeError for files that are not models.
 */
export async function loadModel(
  spec: string | readonly string[] | undefined,
  options: LoadModelOptions,
): Promise<Model> {
  expectOptions('loadModel', options)
  const { backend, signal, onWarning, filterLength, frequencySparsity } = options ?? {}
  expectMade('loadModel: backend', backend, 'destroy', 'a backend of createBackend')
  expectWhole('filterLength', filterLength, { least: 1 })
  expectNumber('frequencySparsity', frequencySparsity, { least: 0, most: 0.95 })
  expectSignal(signal)
  // Only here: models are files of Node's world, and a browser can still import the library.
  const { loadCheckpoints } = await import('./load-checkpoint.ts')
  const checkpoints = await loadCheckpoints(spec, { signal, onWarning })
  return createModel(checkpoints, backend, { filterLength, frequencySparsity })
}
