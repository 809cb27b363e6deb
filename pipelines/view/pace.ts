/** Milliseconds without a request before a scan resumes, and for how long it waits for that at most. */
const quietBefore = 60
const longestPause = 300

/** Lets a scan in the background give way to requests: those in hand, and those that a page sends one after the other. */
export class Pace {
  #asked = Number.NEGATIVE_INFINITY

  /** Told of each request. */
  ask(): void {
    this.#asked = performance.now()
  }

  /** Resolves when requests had their turn; never stands still for long. */
  async giveWay(): Promise<void> {
    const began = performance.now()
    do await new Promise((resolve) => (this.#isAskedNow() ? setTimeout(resolve, 5) : setImmediate(resolve)))
    while (this.#isAskedNow() && performance.now() - began < longestPause)
  }

  #isAskedNow(): boolean {
    return performance.now() - this.#asked < quietBefore
  }
}
