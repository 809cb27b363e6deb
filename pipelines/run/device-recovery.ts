import type { DeviceError } from '../../src/errors.ts'
import type { Model } from '../../src/model/model.ts'
import type { DeviceRecovery } from '../predict/recovering.ts'
import { showCount } from './show.ts'

/** Chunks are not halved below this: what does not fit then is not the chunk. */
const smallestChunk = 1024

/**
 * What `predict` does when a device fails: out of memory, it halves the chunk and continues; otherwise, where the device was
 * not asked for by name, it moves to the CPU. It says so, once each.
 */
export function deviceRecovery(options: {
  isAuto: boolean
  /** Bases of a chunk where none was given. */
  defaultChunk: number
  onCpu: () => Promise<Model>
  onWarning: (text: string) => void
}): DeviceRecovery {
  return async (error: DeviceError, { model, chunk = options.defaultChunk }) => {
    if (error.reason === 'out-of-memory' && chunk > smallestChunk) {
      const half = Math.max(smallestChunk, Math.ceil(chunk / 2))
      options.onWarning(`${error.message}; continuing with chunks of ${showCount(half)} bases`)
      return { model, chunk: half }
    }
    if (!options.isAuto || model.backend.kind === 'cpu') return undefined
    options.onWarning(`${error.message}; continuing on the CPU`)
    return { model: await options.onCpu(), chunk }
  }
}
