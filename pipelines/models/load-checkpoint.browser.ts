import type { Checkpoint } from '../../src/model/checkpoint.ts'
import { readGivenModel } from './given-model.ts'
import type { LoadCheckpointOptions } from './load-checkpoint.ts'

// A browser has no folders and no cache; this takes the place of load-checkpoint.ts in the build for browsers.

const shippedName = 'splice'

/**
 * The shipped model, by its name or without one, from the folder `models` beside this module; any other text is the address of
 * a weights file, seen from the page.
 *
 * @throws FormatError where it cannot be fetched or is no model, ShapeError for tensors that do not fit; an abort passes
 *   through
 */
export async function loadCheckpoints(
  spec: string | readonly string[] | undefined,
  options: LoadCheckpointOptions = {},
): Promise<Checkpoint[]> {
  const modelsUrl = new URL(options.modelsUrl ?? './models/', import.meta.url)
  const checkpoints: Checkpoint[] = []
  for (const text of [spec ?? shippedName].flat()) {
    const source =
      text === shippedName
        ? {
            name: shippedName,
            weights: new URL(`${shippedName}/model.safetensors`, modelsUrl),
            config: new URL(`${shippedName}/config.json`, modelsUrl),
          }
        : new URL(text, globalThis.location?.href)
    checkpoints.push(...(await readGivenModel(source, options)))
  }
  return checkpoints
}
