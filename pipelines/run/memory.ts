import { freemem } from 'node:os'
import { LimitError } from '../../src/errors.ts'

/**
 * What a run takes beside its model, in bytes: Node itself, the reader, the writer and the batches between stages, and 16 MiB
 * for each CPU worker. Measured as the peak of runs that predict 400 kb with 1 to 16 threads (Node 20, x64).
 */
export const reserveBytes = (threads: number): number => (200 + 16 * threads) * 2 ** 20

/** Bytes for the model of a run that may take `memory`: at least one, so that the model says how much it needs. */
export const modelBytes = (memory: number, threads: number): number => Math.max(1, memory - reserveBytes(threads))

/** Bytes that can be had now, limits of a container counted. */
export function freeMemory(): number {
  const available = (process as { availableMemory?: () => number }).availableMemory?.()
  return available === undefined ? freemem() : Math.min(available, freemem())
}

/** The model counts its own memory; the user's number is that of the whole program. */
export function addReserve(error: unknown, memory: number, threads: number): unknown {
  if (!(error instanceof LimitError) || error.option !== 'memory' || error.neededBytes === undefined) return error
  const neededBytes = error.neededBytes + reserveBytes(threads)
  return new LimitError({
    option: 'memory',
    what: 'too little for this model and chunk',
    expected: `at least ${Math.ceil(neededBytes / 2 ** 20)}M`,
    got: `${Math.floor(memory / 2 ** 20)}M`,
    remedy: 'give more `memory`, a smaller `chunk`, or a shorter `filterLength` where the model has long filters',
    neededBytes,
    cause: error,
  })
}
