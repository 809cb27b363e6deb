import type { DeviceError } from '../../src/errors.ts'
import type { Model } from '../../src/model/model.ts'
import type { DeviceRecovery } from '../predict/recovering.ts'
import type { ScoringRecovery } from '../variants/options.ts'
import { showBytes, showCount } from './show.ts'

/** Chunks and memory are not halved below this: what does not fit then is not the chunk. */
const smallestChunk = 1024
const smallestMemory = 64 * 2 ** 20

interface RecoveryOptions {
  readonly isAuto: boolean
  readonly onCpu: () => Promise<Model>
  readonly onWarning: (text: string) => void
}

/**
 * What `predict` does when a device fails: out of memory, it halves the chunk and continues; otherwise, where the device was
 * not asked for by name, it moves to the CPU. It says so, once each.
 */
export function deviceRecovery(
  options: RecoveryOptions & {
    /** Bases of a chunk where none was given. */
    readonly defaultChunk: number
  },
): DeviceRecovery {
  return async (error, { model, chunk = options.defaultChunk }) => {
    if (error.reason === 'out-of-memory' && chunk > smallestChunk) {
      const half = Math.max(smallestChunk, Math.ceil(chunk / 2))
      options.onWarning(`${error.message}; continuing with chunks of ${showCount(half)} bases`)
      return { model, chunk: half }
    }
    const moved = await onTheCpu(error, model, options)
    return moved && { model: moved, chunk }
  }
}

/** The same of `variants`, whose stretches follow from the memory: it halves that. */
export function scoringRecovery(options: RecoveryOptions): ScoringRecovery {
  return async (error, { model, memory = model.backend.limits.maxTotalBytes }) => {
    if (error.reason === 'out-of-memory' && memory !== undefined && memory > smallestMemory) {
      const half = Math.max(smallestMemory, Math.ceil(memory / 2))
      options.onWarning(`${error.message}; continuing in ${showBytes(half)} of memory`)
      return { model, memory: half }
    }
    const moved = await onTheCpu(error, model, options)
    return moved && { model: moved, memory }
  }
}

/** The model on the CPU, where the device was not asked for by name. */
async function onTheCpu(
  error: DeviceError,
  { backend }: Model,
  { isAuto, onCpu, onWarning }: RecoveryOptions,
): Promise<Model | undefined> {
  if (!isAuto || backend.kind === 'cpu') return undefined
  onWarning(`${error.message}; continuing on the CPU`)
  return onCpu()
}
