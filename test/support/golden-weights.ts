import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Checkpoint } from '../../src/model/checkpoint.ts'
import { readCheckpoints } from '../../src/model/weights/read-checkpoint.ts'
import { parseSafetensors } from '../../src/model/weights/safetensors.ts'
import { type FileTensor, f32Tensor } from './safetensors-file.ts'

/** Made by test/model/weights/make-golden.py. */
export const golden = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../model/weights/golden/${name}`, import.meta.url))))
export const hfConfig = new TextDecoder().decode(golden('hyena-nano/config.json'))

export function read(bytes: Uint8Array, config?: string | object, onWarning?: (text: string) => void): Checkpoint[] {
  const text = typeof config === 'object' ? JSON.stringify(config) : config
  const files = {
    name: 'm',
    weights: { name: 'm.safetensors', bytes, sha256: 'ab' },
    config: text === undefined ? undefined : { name: 'config.json', text },
  }
  return readCheckpoints(files, onWarning)
}
export const valuesOf = ({ tensors }: Checkpoint): Record<string, unknown> =>
  Object.fromEntries(
    [...tensors].sort().map(([name, { shape, data }]) => [name, { shape: [...shape], data: [...data] }]),
  )

/** A safetensors golden as tensors that a test renames, drops or reshapes. */
export function tensorsOf(name: string): Record<string, FileTensor> {
  return Object.fromEntries(
    [...parseSafetensors(golden(name), name).tensors].map(([key, tensor]) => [
      key,
      f32Tensor(tensor.shape, tensor.read()),
    ]),
  )
}
export const renamed = (
  tensors: Record<string, FileTensor>,
  rename: (name: string) => string,
): Record<string, FileTensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]))
export const without = (tensors: Record<string, FileTensor>, pattern: RegExp): Record<string, FileTensor> =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !pattern.test(name)))
