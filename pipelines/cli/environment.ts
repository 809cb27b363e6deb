import type { Log } from '../run/log.ts'

/** What commands get from the program around them. */
export interface Environment {
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
  /** Where messages go: text or JSON, as the words say. */
  readonly log: Log
}
