/** What commands get from the program around them. */
export interface Environment {
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
}
