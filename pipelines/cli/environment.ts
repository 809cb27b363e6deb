import { freemem } from 'node:os'

/** What commands get from the program around them. */
export interface Environment {
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
}

/** Bytes that can be had now, limits of a container counted. */
export function freeMemory(): number {
  const available = (process as { availableMemory?: () => number }).availableMemory?.()
  return available === undefined ? freemem() : Math.min(available, freemem())
}
