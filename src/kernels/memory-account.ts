import { LimitError } from '../errors.ts'

/** Bytes that a backend has handed out as tensors, weights and filters, and the most that it may. */
export class MemoryAccount {
  readonly maxBytes: number | undefined
  readonly #where: string
  #currentBytes = 0

  /** @param where the backend, as errors name it */
  constructor(where: string, maxBytes?: number) {
    this.#where = where
    this.maxBytes = maxBytes
  }

  get currentBytes(): number {
    return this.#currentBytes
  }

  /** @throws LimitError where `bytes` more would be too many */
  take(bytes: number): void {
    const needed = this.#currentBytes + bytes
    if (this.maxBytes !== undefined && needed > this.maxBytes) {
      throw new LimitError({
        where: this.#where,
        option: 'memoryBytes',
        what: 'the memory of the backend is used up',
        expected: `at most ${this.maxBytes} bytes`,
        got: `${needed}`,
        remedy: 'give a larger `memoryBytes`, or a smaller `chunk`',
        neededBytes: needed,
      })
    }
    this.#currentBytes = needed
  }

  giveBack(bytes: number): void {
    this.#currentBytes -= bytes
  }

  /** Nothing is in use any more. */
  clear(): void {
    this.#currentBytes = 0
  }
}
