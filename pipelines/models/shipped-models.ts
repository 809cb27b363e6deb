import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The model that `predict` takes when none is given. */
const defaultName = 'splice'

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

/** Names of the shipped models, in alphabetical order. */
export function shippedModelNames(): string[] {
  const folder = shippedModelsFolder()
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => shippedModelFolder(name) !== undefined)
        .sort()
    : []
}

/** Name of the model that is taken when none is given, or undefined where none is shipped. */
export const defaultModelName = (): string | undefined =>
  shippedModelFolder(defaultName) === undefined ? undefined : defaultName
